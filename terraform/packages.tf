# Where the functions' zips are, and whether they are the right ones. functions.json, which a release and `cargo xtask package`
# write beside the zips, lists them with their architecture and hash.

locals {
  zips = { for name in local.functions : name => "${name}-${var.functions.architecture}.zip" }

  in_bucket       = var.functions.bucket != null
  directory       = coalesce(var.functions.directory, "${path.module}/functions")
  packages_are_in = local.in_bucket ? "s3://${coalesce(var.functions.bucket, "-")}/${var.functions.prefix}" : local.directory

  manifest_json = local.in_bucket ? one(data.aws_s3_object.manifest[*].body) : try(file("${local.directory}/functions.json"), null)
  manifest      = try(jsondecode(local.manifest_json), null)
  release       = try(local.manifest.release, null)
  architectures = distinct([for function in try(local.manifest.functions, []) : function.architecture])
  packages = { for function in try(local.manifest.functions, []) : function.name => function
    if function.architecture == var.functions.architecture && contains(local.functions, function.name)
  }

  # By function. S3 knows the hash of an object that was uploaded with one, so a plan downloads nothing.
  found_sha256 = { for name, zip in local.zips : name => local.in_bucket ?
    try(data.aws_s3_object.zip[name].checksum_sha256, "") : try(filebase64sha256("${local.directory}/${zip}"), "")
  }
  wrong_zips = [for name, package in local.packages : local.zips[name] if package.code_sha256 != local.found_sha256[name]]

  # The first reason not to deploy what is there, or null.
  functions_problem = (
    local.manifest == null ? "${local.packages_are_in} has no functions.json. A release of this module has the functions in it: source = \"https://github.com/ec2-ops/ec2-ops/releases/latest/download/terraform-aws-ec2-ops.tar.gz\". In a clone of the repository, build them: cargo xtask package --arch ${var.functions.architecture}"
    : var.functions.release != null && var.functions.release != local.release ? "functions.release is ${coalesce(var.functions.release, "-")}, but ${local.packages_are_in} has the functions of ${local.release}. Take the module, the directory or the prefix of that release."
    : length(local.packages) < length(local.functions) ? "${local.packages_are_in} does not have all functions for ${var.functions.architecture}; it is for ${join(" and ", local.architectures)}. Set functions.architecture to what is there, or build the functions: cargo xtask package --arch ${var.functions.architecture}"
    : length(local.wrong_zips) > 0 ? join(" ", [
      "In ${local.packages_are_in}, these zips are missing or do not have the SHA-256 of functions.json: ${join(", ", local.wrong_zips)}.",
      local.in_bucket ? "Upload all files of one release again, with their hashes: aws s3 cp --recursive --checksum-algorithm SHA256 DIRECTORY ${local.packages_are_in}" : "Take all files from one release, or build them again: cargo xtask package --arch ${var.functions.architecture}",
    ])
    : null
  )
}

data "aws_s3_object" "manifest" {
  count = local.in_bucket ? 1 : 0

  bucket = var.functions.bucket
  key    = "${var.functions.prefix}functions.json"
}

data "aws_s3_object" "zip" {
  for_each = local.in_bucket ? local.zips : {}

  bucket        = var.functions.bucket
  key           = "${var.functions.prefix}${each.value}"
  checksum_mode = "ENABLED"
}

# Stops a plan with wrong functions, once and not five times. A plan shows a change of the release here.
resource "terraform_data" "functions" {
  input = { release = local.release, architecture = var.functions.architecture }

  lifecycle {
    precondition {
      condition     = local.functions_problem == null
      error_message = coalesce(local.functions_problem, "-")
    }
  }
}
