# Makes an AMI for ec2-ops from the newest Amazon Linux 2023: packer init . && packer build .
# See docs/image.md.

packer {
  required_plugins {
    amazon = {
      source  = "github.com/hashicorp/amazon"
      version = "~> 1.3"
    }
  }
}

variable "region" {
  type    = string
  default = "us-east-1"
}

variable "name" {
  type    = string
  default = "ec2-ops-example"
}

variable "architecture" {
  description = "arm64 or x86_64. It has to be that of your instance types."
  type        = string
  default     = "arm64"

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Expected arm64 or x86_64."
  }
}

variable "gigabytes" {
  description = "The size of the root volume, also of every instance that is launched from the image."
  type        = number
  default     = 8
}

data "amazon-parameterstore" "amazon_linux" {
  region = var.region
  name   = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-${var.architecture}"
}

source "amazon-ebs" "this" {
  region        = var.region
  source_ami    = data.amazon-parameterstore.amazon_linux.value
  instance_type = var.architecture == "arm64" ? "t4g.small" : "t3.small"
  ami_name      = "${var.name}-${formatdate("YYYYMMDD-hhmmss", timestamp())}"

  # So that the root volume of every instance is encrypted too.
  encrypt_boot = true
  launch_block_device_mappings {
    device_name           = "/dev/xvda"
    volume_size           = var.gigabytes
    volume_type           = "gp3"
    delete_on_termination = true
  }

  # Packer connects with a temporary key and a temporary security group.
  ssh_username            = "ec2-user"
  temporary_key_pair_type = "ed25519"
  metadata_options {
    http_endpoint = "enabled"
    http_tokens   = "required"
  }
  imds_support = "v2.0"
}

build {
  sources = ["source.amazon-ebs.this"]

  provisioner "shell" {
    script = "${path.root}/setup.sh"
  }
}
