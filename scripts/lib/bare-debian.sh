# A Debian with nothing installed, the suite of $bare_suite (Debian 12 if nothing is said), made for the purpose and gone afterwards; needs begin.sh.
#
# Every mount is made in a mount namespace of its own and every process runs in a process namespace of
# its own, so that both are gone with the script, however it ends; the directory is deleted from
# outside, where nothing is mounted in it. The mirror is the one that this system's own apt configuration
# names for its own suite.
export bare_suite=${bare_suite:-bookworm}

mirror_of() { # SUITE
  apt-get indextargets --format '$(SITE) $(RELEASE)' | sed -n "s/ $1$//p" | sort -u | head -n 1
}

# From outside: makes a directory, and runs the calling script in it again, as
#   SCRIPT --inside DIRECTORY MIRROR ARGUMENT…
run_inside_bare_debian() { # ARGUMENT…
  [ "$(id -u)" -eq 0 ] || die "run this as root: it makes a system to change into"
  scripts/install-dependencies check
  local mirror
  mirror=$(mirror_of "$bare_suite")
  [ -n "$mirror" ] || mirror=$(mirror_of "$(. /etc/os-release && echo "$VERSION_CODENAME")")
  [ -n "$mirror" ] || die "this system's apt configuration names no mirror of Debian"

  bare_debian=$(mktemp -d /tmp/kosmonaut-bare.XXXXXX)
  trap delete_bare_debian EXIT
  trap 'exit 130' INT TERM HUP
  # debootstrap wants its directory empty or absent but for what it makes itself.
  mkdir -p "$bare_debian/root"
  chmod 755 "$bare_debian" # tests become other users, and have to get past its root
  git clone --quiet --no-hardlinks "file://$PWD" "$bare_debian/root/kosmonaut"
  unshare --mount --propagation private --pid --fork --kill-child \
    "scripts/$(basename "$0")" --inside "$bare_debian" "$mirror" "$@"
}

delete_bare_debian() {
  if grep -q " $bare_debian" /proc/self/mounts; then
    echo "something is mounted in $bare_debian: left alone" >&2
  else
    rm -rf --one-file-system "$bare_debian" "$bare_debian".*
  fi
}

# Inside: fills the directory with a Debian, so that commands can be run in it.
make_bare_debian() { # DIRECTORY MIRROR
  bare_debian=$1
  step "Making a bare Debian ($bare_suite) in $bare_debian"
  quietly "$bare_debian.log" debootstrap --variant=minbase "$bare_suite" "$bare_debian" "$2"

  # This machine's own way to the network, and nothing else of it.
  cp -L /etc/resolv.conf /etc/hosts "$bare_debian/etc/"
  apt-get indextargets --format '$(SITE) $(RELEASE)' | sort -u |
    sed -n "s/^\(.*\) \($bare_suite.*\)$/deb \1 \2 main/p" >"$bare_debian/etc/apt/sources.list"
  [ -s "$bare_debian/etc/apt/sources.list" ] ||
    echo "deb $2 $bare_suite main" >"$bare_debian/etc/apt/sources.list"
  apt-config dump | grep -iE '^Acquire::([a-z]*::Proxy|Check-Valid-Until)' \
    >"$bare_debian/etc/apt/apt.conf.d/90network" || true
  mkdir -p "$bare_debian/usr/local/share/ca-certificates"
  find /usr/local/share/ca-certificates -name '*.crt' \
    -exec cp -t "$bare_debian/usr/local/share/ca-certificates" {} + 2>/dev/null || true
  bare_environment=(HOME=/root TERM=dumb
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt)
  local name
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [ -z "${!name-}" ] || bare_environment+=("$name=${!name}")
  done

  mount -t proc proc "$bare_debian/proc"
  mount -t sysfs -o ro sysfs "$bare_debian/sys"
  mount --rbind /dev "$bare_debian/dev" # with its terminals
  mount -t tmpfs -o mode=1777 tmpfs "$bare_debian/dev/shm"
}

# Inside: runs a command line in the checkout that lies there.
in_bare_debian() { # COMMAND
  local began=$SECONDS
  step "--- $1"
  chroot "$bare_debian" env -i "${bare_environment[@]}" bash -c "cd /root/kosmonaut && $1"
  step "--- $1: $((SECONDS - began)) s"
}
