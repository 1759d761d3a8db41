# A whole machine with a kernel and a systemd of its own, made from a bare Debian; needs bare-debian.sh.
#
# qemu emulates it where there is no /dev/kvm, and then it takes most of a minute to start. It has no
# network but its loopback.

# What has to be installed in the bare Debian.
machine_packages=(linux-image-cloud-amd64 systemd-sysv)

# Inside: starts a machine with what the bare Debian holds now, and runs a command line in the checkout
# there. What the machine writes to its disk is lost.
run_in_machine() { # SECONDS COMMAND
  local seconds=$1 command=$2 began=$SECONDS image=$bare_debian.image
  step "--- $command, in a machine"
  cat >"$bare_debian/root/command" <<<"$command"
  cat >"$bare_debian/etc/systemd/system/command.service" <<'END'
[Unit]
Description=What this machine was started for
SuccessAction=reboot-force
FailureAction=reboot-force

[Service]
Type=oneshot
TimeoutStartSec=infinity
WorkingDirectory=/root/kosmonaut
Environment=HOME=/root TERM=dumb
StandardOutput=file:/dev/ttyS1
StandardError=inherit
ExecStart=/bin/bash /root/command
ExecStopPost=/bin/sh -c 'echo $EXIT_STATUS >/dev/ttyS2'
END

  # Without what is mounted in it.
  mkdir -p "$bare_debian.tree"
  mount --bind "$bare_debian" "$bare_debian.tree"
  truncate -s 16G "$image"
  quietly "$bare_debian.log" mke2fs -q -t ext4 -O ^has_journal -d "$bare_debian.tree" "$image"
  umount "$bare_debian.tree"

  local accelerator=tcg
  [ ! -w /dev/kvm ] || accelerator=kvm
  : >"$bare_debian.status"
  timeout "$seconds" qemu-system-x86_64 -machine q35 -accel "$accelerator" -cpu max -smp "$(nproc)" -m 2G \
    -nodefaults -no-reboot -display none -drive "file=$image,format=raw,if=virtio,cache=unsafe" \
    -kernel "$bare_debian/vmlinuz" -initrd "$bare_debian/initrd.img" \
    -append 'root=/dev/vda rw console=ttyS0 panic=-1 systemd.wants=command.service' \
    -chardev stdio,id=output,signal=off -serial "file:$bare_debian.console" -serial chardev:output \
    -serial "file:$bare_debian.status" </dev/null | tr -d '\r' || true
  rm "$image"

  local status
  status=$(tr -dc 0-9 <"$bare_debian.status")
  if [ "$status" != 0 ]; then
    [ -n "$status" ] || tail -n 40 "$bare_debian.console" >&2
    die "the machine's command ended with ${status:-nothing, or was stopped after $seconds s}"
  fi
  step "--- $command: $((SECONDS - began)) s"
}
