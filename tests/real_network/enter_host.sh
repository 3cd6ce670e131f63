#!/bin/sh
# What mpirun runs in place of ssh: enter_host.sh HOST COMMAND; a host is the network namespace of that name.
host=$1
shift
# shellcheck disable=SC2016
exec nsenter --net="/run/netns/$host" unshare --uts sh -c 'hostname "$1" && exec sh -c "$2"' sh "$host" "$*"
