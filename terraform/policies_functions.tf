# What the work of each function needs; policies.tf adds what all of them do.

locals {
  function_statements = {
    EC2StarterFromAMI = [
      {
        Sid    = "LaunchOnlyWithOurTag"
        Effect = "Allow"
        Action = ["ec2:RunInstances"]
        Resource = [
          local.our_instances,
          local.our_volumes,
        ]
        Condition = { StringEquals = merge(local.writes_our_tag, local.in_our_regions) }
      },
      {
        # What a launch uses and does not create. Which of them is the document's business. The types are those of
        # RunInstances in https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html;
        # spot-instances-request is asked for by Spot launches only:
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-requests.html
        Sid    = "LaunchFrom"
        Effect = "Allow"
        Action = ["ec2:RunInstances"]
        Resource = [
          "arn:${local.partition}:ec2:*::image/*",
          "arn:${local.partition}:ec2:*::snapshot/*",
          "arn:${local.partition}:ec2:*:${local.account_id}:key-pair/*",
          "arn:${local.partition}:ec2:*:${local.account_id}:network-interface/*",
          "arn:${local.partition}:ec2:*:${local.account_id}:placement-group/*",
          "arn:${local.partition}:ec2:*:${local.account_id}:spot-instances-request/*",
          # Those of a shared VPC are its owner's: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-sharing.html
          "arn:${local.partition}:ec2:*:*:security-group/*",
          "arn:${local.partition}:ec2:*:*:subnet/*",
        ]
        Condition = { StringEquals = local.in_our_regions }
      },
      {
        # In the launch call and at no other time: nobody's instance is made ours afterwards.
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
        Sid    = "TagOnlyWhatIsLaunched"
        Effect = "Allow"
        Action = ["ec2:CreateTags"]
        Resource = [
          local.our_instances,
          local.our_volumes,
        ]
        Condition = {
          StringEquals = merge(local.writes_our_tag, local.in_our_regions, { "ec2:CreateAction" = "RunInstances" })
        }
      },
      {
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
        Sid       = "PassOnlyInstanceRoles"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = concat([local.instance_role_arn], var.instances.additional_role_arns)
        Condition = { StringEquals = { "iam:PassedToService" = "ec2.amazonaws.com" } }
      },
      {
        # The first Spot launch of an account creates this role, with its caller's permission:
        # https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
        Sid       = "FirstSpotLaunch"
        Effect    = "Allow"
        Action    = ["iam:CreateServiceLinkedRole"]
        Resource  = ["arn:${local.partition}:iam::${local.account_id}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"]
        Condition = { StringEquals = { "iam:AWSServiceName" = "spot.amazonaws.com" } }
      },
      {
        # Neither call knows resources:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
        Sid       = "LookAtInstances"
        Effect    = "Allow"
        Action    = ["ec2:DescribeInstances", "ssm:DescribeInstanceInformation"]
        Resource  = ["*"]
        Condition = { StringEquals = local.in_our_regions }
      },
      {
        # HeadBucket: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
        Sid      = "LookForOutputBuckets"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = local.output_buckets
      },
    ]

    Commander = [
      {
        # A command runs one document on one instance, and may name a bucket; each is a resource of its own:
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
        # Knows no resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
        Sid       = "LookForCommands"
        Effect    = "Allow"
        Action    = ["ssm:ListCommands"]
        Resource  = ["*"]
        Condition = { StringEquals = local.in_our_regions }
      },
    ]

    EC2Poller = [
      {
        # Neither call knows resources:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html and
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html
        Sid       = "LookAtCommandsAndInstances"
        Effect    = "Allow"
        Action    = ["ec2:DescribeInstances", "ssm:GetCommandInvocation"]
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
        # The token is the resource, and IAM does not know it:
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
        # HeadObject: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
        Sid      = "LookAtOutput"
        Effect   = "Allow"
        Action   = ["s3:GetObject"]
        Resource = local.output_objects
      },
      {
        # ListObjectsV2. Without it HeadObject, too, says "forbidden" of an object that is not there.
        Sid      = "ListOutput"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = local.output_buckets
      },
    ]

    EC2Stopper = [
      {
        Sid       = "EndOnlyOurInstances"
        Effect    = "Allow"
        Action    = ["ec2:StopInstances", "ec2:TerminateInstances"]
        Resource  = [local.our_instances]
        Condition = { StringEquals = merge(local.carries_our_tag, local.in_our_regions) }
      },
      {
        Sid       = "DeleteOnlyOurVolumes"
        Effect    = "Allow"
        Action    = ["ec2:DeleteVolume"]
        Resource  = [local.our_volumes]
        Condition = { StringEquals = merge(local.carries_our_tag, local.in_our_regions) }
      },
      {
        # Asks for both the volume and the instance:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
        Sid    = "DetachOurVolumesFromOurInstances"
        Effect = "Allow"
        Action = ["ec2:DetachVolume"]
        Resource = [
          local.our_instances,
          local.our_volumes,
        ]
        Condition = { StringEquals = merge(local.carries_our_tag, local.in_our_regions) }
      },
      {
        # Neither call knows resources: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
        Sid       = "LookAtInstancesAndVolumes"
        Effect    = "Allow"
        Action    = ["ec2:DescribeInstances", "ec2:DescribeVolumes"]
        Resource  = ["*"]
        Condition = { StringEquals = local.in_our_regions }
      },
      {
        Sid      = "ListExecutions"
        Effect   = "Allow"
        Action   = ["states:ListExecutions"]
        Resource = [local.state_machine_arn]
      },
      {
        Sid      = "LookAtExecutions"
        Effect   = "Allow"
        Action   = ["states:DescribeExecution"]
        Resource = ["${replace(local.state_machine_arn, ":stateMachine:", ":execution:")}:*"]
      },
    ]
  }
}
