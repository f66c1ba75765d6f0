variable "output_bucket" {
  description = "The name of an existing bucket."
  type        = string
}
