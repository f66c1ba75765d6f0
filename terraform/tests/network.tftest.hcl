# The network of the instances: an instance that cannot connect to AWS is noticed in the plan.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix  = "ec2-ops"
  tags    = {}
  network = { vpc_id = "vpc-own", subnet_ids = ["subnet-a", "subnet-b"] }
}

run "a_nat_gateway_is_a_way_out" {
  command = plan

  module {
    source = "./modules/network"
  }

  assert {
    condition     = output.instance_defaults.subnet_ids == tolist(["subnet-a", "subnet-b"])
    error_message = "the instances get other subnets"
  }
}

run "a_subnet_without_a_route_is_named" {
  command = plan

  module {
    source = "./modules/network"
  }

  override_data {
    target = data.aws_route_table.this[1]
    values = { routes = [{ cidr_block = "10.0.0.0/16", gateway_id = "local" }] }
  }

  assert {
    condition     = local.cut_off == ["subnet-b"]
    error_message = "not exactly the subnet without a route is named"
  }

  expect_failures = [check.way_out]
}

run "an_internet_gateway_without_public_addresses_is_no_way_out" {
  command = plan

  module {
    source = "./modules/network"
  }

  override_data {
    target = data.aws_route_table.this
    values = { routes = [{ cidr_block = "0.0.0.0/0", gateway_id = "igw-own" }] }
  }

  override_data {
    target = data.aws_subnet.this[0]
    values = { vpc_id = "vpc-own", map_public_ip_on_launch = true }
  }

  assert {
    condition     = local.cut_off == ["subnet-b"]
    error_message = "not exactly the subnet without public addresses is named"
  }

  expect_failures = [check.way_out]
}

run "endpoints_need_no_route" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    network = { vpc_id = "vpc-own", subnet_ids = ["subnet-a"], endpoints = true }
  }

  override_data {
    target = data.aws_route_table.this
    values = { routes = [] }
  }
}

run "a_subnet_without_its_own_routes_has_those_of_the_vpc" {
  command = plan

  module {
    source = "./modules/network"
  }

  override_data {
    target = data.aws_route_tables.own
    values = { ids = [] }
  }

  override_data {
    target = data.aws_route_tables.main
    values = { ids = ["rtb-main"] }
  }

  assert {
    condition     = alltrue([for table in data.aws_route_table.this : table.route_table_id == "rtb-main"])
    error_message = "another route table was looked at"
  }
}

run "a_subnet_of_another_vpc_is_refused" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    network = { vpc_id = "vpc-other", subnet_ids = ["subnet-a"] }
  }

  expect_failures = [data.aws_subnet.this]
}

run "a_region_without_a_default_vpc_is_refused" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    network = null
  }

  override_data {
    target = data.aws_vpcs.default
    values = { ids = [] }
  }

  expect_failures = [aws_security_group.instances]
}
