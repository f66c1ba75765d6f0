#!/bin/sh
# Installs the ec2-ops command: downloads the archive for this machine, checks it against SHA256SUMS, and unpacks it.
#
#   curl --proto '=https' -fsSL https://github.com/ec2-ops/ec2-ops/releases/latest/download/install.sh | sh
#
# EC2_OPS_FROM   where the release is; default: the latest on GitHub. For another version: …/releases/download/v0.1.0
# EC2_OPS_HOME   where to install; default: ~/.local/share/ec2-ops. The command is linked in ~/.local/bin.
set -eu

from=${EC2_OPS_FROM:-https://github.com/ec2-ops/ec2-ops/releases/latest/download}
home=${EC2_OPS_HOME:-$HOME/.local/share/ec2-ops}
bin=$HOME/.local/bin

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

target() {
  case "$(uname -s) $(uname -m)" in
    'Linux x86_64') echo x86_64-unknown-linux-gnu ;;
    'Linux aarch64') echo aarch64-unknown-linux-gnu ;;
    'Darwin x86_64') echo x86_64-apple-darwin ;;
    'Darwin arm64') echo aarch64-apple-darwin ;;
    *) fail "there is no archive for $(uname -s) on $(uname -m); build from source: cargo ops" ;;
  esac
}

sha256() {
  if command -v sha256sum >/dev/null; then
    sha256sum "$1"
  else
    shasum -a 256 "$1"
  fi | cut -d ' ' -f 1
}

# In a function, so that a download that breaks off runs nothing.
main() {
  archive=ec2-ops-$(target).tar.gz
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  for file in SHA256SUMS "$archive"; do
    curl -fsSL -o "$scratch/$file" "$from/$file" || fail "cannot download $from/$file"
  done
  expected=$(sed -n "s/^\([0-9a-f]*\)  $archive\$/\1/p" "$scratch/SHA256SUMS")
  found=$(sha256 "$scratch/$archive")
  [ "$found" = "$expected" ] || fail "$from/$archive has the SHA-256 $found, and SHA256SUMS says ${expected:-nothing}"
  rm -rf "$home"
  mkdir -p "$home" "$bin"
  tar -xzf "$scratch/$archive" -C "$home"
  ln -sf "$home/ec2-ops" "$bin/ec2-ops"
  echo "installed $("$bin/ec2-ops" --version) as $bin/ec2-ops"
  case ":$PATH:" in
    *":$bin:"*) ;;
    *) echo "add it to your PATH: export PATH=\"$bin:\$PATH\"" ;;
  esac
}

main
