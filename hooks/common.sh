# What the hooks in this directory share. Each hook begins with `. "${0%/*}/common.sh"`.
# Gives it $action and $id, checked; the functions below; and $work, a private temporary directory.
set -eu
umask 077
export LC_ALL=C

# One plain line for people. It must not contain a secret.
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# need PROGRAM REMEDY
need() {
  command -v "$1" >/dev/null 2>&1 || fail "the program $1 is missing; $2"
}

# The first line of a file, without control characters: what a program said about its failure.
first_line() {
  tr -d '\000-\011\013-\037\177' <"$1" | sed -n '/./{s/^psql:<stdin>:[0-9]*: *//;p;q;}'
}

# 192 bits, in characters that need no escape in a URL, SQL or JSON.
random_password() {
  od -An -vN24 -tx1 /dev/urandom | tr -d ' \n'
}

# bounded_name PREFIX MAX: a name for the tenant of up to MAX bytes. A long id keeps its beginning, and a digest keeps it
# unique: an id has no _.
bounded_name() {
  if [ $((${#1} + ${#id})) -le "$2" ]; then
    printf '%s%s' "$1" "$id"
  else
    printf '%s_%s' "$(printf '%s%s' "$1" "$id" | cut -c 1-$(($2 - 13)))" "$(printf '%s' "$id" | sha256sum | cut -c 1-12)"
  fi
}

# The user and the password of scheme://user:password@host…, or nothing.
login_of() {
  printf '%s' "$1" | sed -n 's|^[a-z0-9+]*://\([^:@/]*\):.*|\1|p'
}
password_of() {
  printf '%s' "$1" | sed -n 's|^[a-z0-9+]*://[^:@/]*:\([^@/]*\)@.*|\1|p'
}

[ $# -eq 2 ] || fail "usage: ${0##*/} create|destroy|rotate|size ID"
action=$1 id=$2
case $id in
'' | -* | *- | *[!a-z0-9-]*) fail 'the id is not that of a tenant' ;;
esac
[ ${#id} -le 63 ] || fail 'the id is not that of a tenant'

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
