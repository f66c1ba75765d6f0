# The permissions for the work of each function. policies.tf adds the permissions that all functions need.

locals {
  function_statements = {
    EC2StarterFromAMI = [
      {
        # A launch needs the statement below as well, which binds it to the deployment's regions. A volume has no type.
        Sid    = "LaunchOnlyWithOurTag"
        Effect = "Allow"
        Action = ["ec2:RunInstances"]
        Resource = [
          local.our_instances,
          local.our_volumes,
        ]
        Condition = merge(
          { StringEquals = local.writes_our_tag },
          local.allowed_types == null ? {} : { StringLikeIfExists = { "ec2:InstanceType" = local.allowed_types } },
        )
      },
      {
        # The resources that a launch uses but does not create. The document chooses them, as far as var.allowed lets it. The types
        # are those of RunInstances in
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html.
        # Only Spot launches need spot-instances-request:
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-requests.html
        Sid    = "LaunchFrom"
        Effect = "Allow"
        Action = ["ec2:RunInstances"]
        Resource = concat(
          var.allowed.image_owners == null ? [local.images] : [],
          [
            "arn:${local.partition}:ec2:*:${local.account_id}:key-pair/*",
            "arn:${local.partition}:ec2:*:${local.account_id}:network-interface/*",
            "arn:${local.partition}:ec2:*:${local.account_id}:placement-group/*",
            "arn:${local.partition}:ec2:*:${local.account_id}:spot-instances-request/*",
          ],
          [for snapshot in local.allowed_snapshots : "arn:${local.partition}:ec2:*::${snapshot}"],
          # In a shared VPC these belong to another account: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html
          [for group in local.allowed_security_groups : "arn:${local.partition}:ec2:*:*:${group}"],
          [for subnet in local.allowed_subnets : "arn:${local.partition}:ec2:*:*:${subnet}"],
        )
        Condition = { StringEquals = local.in_our_regions }
      },
      {
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-policy-keys
        Sid       = "LaunchOnlyImagesOfTheirOwners"
        Effect    = "Allow"
        Action    = ["ec2:RunInstances"]
        Resource  = var.allowed.image_owners == null ? [] : [local.images]
        Condition = { StringEquals = merge(local.in_our_regions, { "ec2:Owner" = var.allowed.image_owners }) }
      },
      {
        # Only in the launch call, so an existing instance cannot become one of ours.
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
        Sid    = "TagOnlyWhatIsLaunched"
        Effect = "Allow"
        Action = ["ec2:CreateTags"]
        Resource = [
          local.our_instances,
          local.our_volumes,
        ]
        Condition = {
          StringEquals = merge(local.writes_our_tag, { "ec2:CreateAction" = "RunInstances" })
        }
      },
      {
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
        Sid       = "PassOnlyInstanceRoles"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = concat([local.instance_role_arn], var.instances.additional_role_arns)
        Condition = { StringEquals = { "iam:PassedToService" = ["ec2.amazonaws.com", "ec2.amazonaws.com.cn"] } }
      },
      {
        # EC2 reads the parameter of `resolve:ssm:NAME` with the caller's rights:
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-systems-manager-parameter-to-find-AMI.html
        Sid      = "ResolveImages"
        Effect   = "Allow"
        Action   = ["ssm:GetParameters"]
        Resource = concat(["arn:${local.partition}:ssm:*::parameter/aws/service/*"], local.image_parameters)
      },
      {
        # The first Spot launch in an account creates this role, which needs the caller's permission:
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
        Sid       = "FirstSpotLaunch"
        Effect    = "Allow"
        Action    = ["iam:CreateServiceLinkedRole"]
        Resource  = ["arn:${local.partition}:iam::${local.account_id}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"]
        Condition = { StringEquals = { "iam:AWSServiceName" = "spot.amazonaws.com" } }
      },
      {
        # None of the actions has resource-level permissions:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
        # `ec2-ops check` asks for what a launch would meet, from images on.
        Sid    = "LookAtInstances"
        Effect = "Allow"
        Action = [
          "ec2:DescribeInstances",
          "ssm:DescribeInstanceInformation",
          "ec2:DescribeImages",
          "ec2:DescribeInstanceTypeOfferings",
          "ec2:DescribeSubnets",
          "ec2:DescribeRouteTables",
          "ec2:DescribeVpcEndpoints",
        ]
        Resource  = ["*"]
        Condition = { StringEquals = local.in_our_regions }
      },
      {
        # ListBucket, of buckets, is for HeadBucket and for ListObjectsV2 of inputs; without it, HeadObject answers "forbidden" for
        # an absent input: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
        # GetObject, of objects, is for HeadObject. The output of one execution may be the input of another.
        Sid      = "LookForInputs"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:GetObject"]
        Resource = concat(local.output_buckets, local.output_objects, local.input_buckets, local.input_objects)
      },
    ]

    Commander = [
      {
        # SendCommand needs the permission for its document, for its instance and for the bucket that gets the output:
        # https://docs.aws.amazon.com/systems-manager/latest/userguide/run-command-setting-up.html
        Sid    = "SendShellScripts"
        Effect = "Allow"
        Action = ["ssm:SendCommand"]
        Resource = concat(
          ["arn:${local.partition}:ssm:*::document/AWS-RunShellScript"],
          local.log_bucket,
        )
        Condition = { StringEquals = local.in_our_regions }
      },
      {
        Sid      = "SendOnlyToOurInstances"
        Effect   = "Allow"
        Action   = ["ssm:SendCommand"]
        Resource = [local.our_instances]
        Condition = {
          StringEquals = merge({ "ssm:resourceTag/ec2-ops:deployment" = var.prefix }, local.in_our_regions)
        }
      },
      {
        # It has no resource-level permissions:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
        Sid       = "LookForCommands"
        Effect    = "Allow"
        Action    = ["ssm:ListCommands"]
        Resource  = ["*"]
        Condition = { StringEquals = local.in_our_regions }
      },
    ]

    EC2Poller = [
      {
        # None of these has resource-level permissions:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
        Sid       = "LookAtCommandsAndInstances"
        Effect    = "Allow"
        Action    = ["ec2:DescribeInstances", "ssm:GetCommandInvocation", "ssm:ListCommands"]
        Resource  = ["*"]
        Condition = { StringEquals = local.in_our_regions }
      },
      {
        Sid      = "KeepTaskTokens"
        Effect   = "Allow"
        Action   = ["dynamodb:PutItem", "dynamodb:GetItem", "dynamodb:DeleteItem"]
        Resource = [local.wake_table_arn]
      },
      {
        # The task token identifies the task, and IAM cannot restrict it:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html
        Sid       = "CompleteTasks"
        Effect    = "Allow"
        Action    = ["states:SendTaskSuccess", "states:SendTaskFailure"]
        Resource  = ["*"]
        Condition = { StringEquals = local.at_home }
      },
    ]

    RunChecker = [
      {
        # For HeadObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        Sid      = "LookAtOutput"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = local.output_objects
      },
      {
        # For ListObjectsV2. Without it, HeadObject answers "forbidden" for an object that does not exist.
        Sid      = "ListOutput"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = local.output_buckets
      },
      {
        Sid      = "SummarizeFleets"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject"]
        Resource = local.fleet_keys
      },
    ]

    # In any region: the deployment may have lost the region of an instance since the launch. The tag decides what is ours.
    EC2Stopper = [
      {
        Sid       = "EndOnlyOurInstances"
        Effect    = "Allow"
        Action    = ["ec2:StopInstances", "ec2:TerminateInstances"]
        Resource  = [local.our_instances]
        Condition = { StringEquals = local.carries_our_tag }
      },
      {
        Sid       = "DeleteOnlyOurVolumes"
        Effect    = "Allow"
        Action    = ["ec2:DeleteVolume"]
        Resource  = [local.our_volumes]
        Condition = { StringEquals = local.carries_our_tag }
      },
      {
        # DetachVolume needs the permission for both the volume and the instance:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
        Sid    = "DetachOurVolumesFromOurInstances"
        Effect = "Allow"
        Action = ["ec2:DetachVolume"]
        Resource = [
          local.our_instances,
          local.our_volumes,
        ]
        Condition = { StringEquals = local.carries_our_tag }
      },
      {
        # Neither action has resource-level permissions:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
        Sid      = "LookAtInstancesAndVolumes"
        Effect   = "Allow"
        Action   = ["ec2:DescribeInstances", "ec2:DescribeVolumes"]
        Resource = ["*"]
      },
      {
        # The end of what failed commands printed. SSM has only the beginning:
        # https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html
        Sid      = "ReadWhatCommandsPrinted"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = local.command_keys
      },
      {
        Sid      = "ListExecutions"
        Effect   = "Allow"
        Action   = ["states:ListExecutions"]
        Resource = [local.state_machine_arn]
      },
      {
        # The history shows which attempt an abort cut off.
        Sid      = "LookAtExecutions"
        Effect   = "Allow"
        Action   = ["states:DescribeExecution", "states:GetExecutionHistory"]
        Resource = [local.executions]
      },
      {
        Sid      = "WriteLedger"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = local.ledger_keys
      },
    ]
  }
}
