# shellcheck shell=bash
# What the scripts share. Sourced, never run.

# Says something to the person who watches; standard output stays free for results.
say() { printf '%s\n' "$*" >&2; }

# Says why it cannot go on, and ends.
fail() {
  say "error: $*"
  exit 1
}

# The time since START in seconds, as `3 min 5 s`.
elapsed() {
  local seconds=$(($(date +%s) - $1))
  if ((seconds < 60)); then
    printf '%d s' "$seconds"
  else
    printf '%d min %d s' $((seconds / 60)) $((seconds % 60))
  fi
}

# Runs a command as root.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  else
    # sudo drops the proxy settings, and apt may need them.
    sudo env http_proxy="${http_proxy-}" https_proxy="${https_proxy-}" \
      no_proxy="${no_proxy-}" "$@"
  fi
}
