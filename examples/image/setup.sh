#!/bin/sh
# What the image is for: installed once, here, instead of in each run.
set -eu

sudo dnf --assumeyes --quiet upgrade
# Your software; these are only an example.
sudo dnf --assumeyes --quiet install jq tar

# What ec2-ops needs. Amazon Linux has both; on another system install them here.
systemctl is-enabled amazon-ssm-agent
command -v shutdown

# An image keeps no traces of its making.
sudo rm -rf /var/lib/amazon/ssm/* /var/lib/cloud/instances/*
