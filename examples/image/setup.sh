#!/bin/sh
# Installs once, into the image, what your commands need.
set -eu

sudo dnf --assumeyes --quiet upgrade
# Your software. These packages are only an example.
sudo dnf --assumeyes --quiet install jq tar

# ec2-ops needs these two. Amazon Linux has both. On another system, install them here.
systemctl is-enabled amazon-ssm-agent
command -v shutdown

# Removes the traces of this build from the image.
sudo rm -rf /var/lib/amazon/ssm/* /var/lib/cloud/instances/*
