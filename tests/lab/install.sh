#!/bin/bash
# Installs what the lab and its foreign peers need, on Debian; parts that are there are left alone.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${ICETUI_LAB_CACHE:-$HOME/.cache/icetui-lab}
packages=(
    iproute2 nftables conntrack ethtool util-linux coturn openssl iputils-ping tmux tayga
    gir1.2-nice-0.1 python3-gi
    golang-go golang-github-pion-webrtc.v3-dev
    nodejs
    chromium firefox-esr
)

missing=()
for package in "${packages[@]}"; do
    # A node of another origin will do.
    [ "$package" = nodejs ] && command -v node >/dev/null && continue
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # coturn's package would start a server of its own, outside of any lab.
    if ! [ -e /usr/sbin/policy-rc.d ]; then
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        install -m 755 /dev/stdin /usr/sbin/policy-rc.d <<<$'#!/bin/sh\nexit 101'
    fi
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

mkdir -p "$cache"
if ! [ -x "$cache/aiortc/bin/python" ]; then
    echo "installing aiortc"
    rm -rf "$cache/aiortc"
    python3 -m venv "$cache/aiortc"
    "$cache/aiortc/bin/pip" install -q aiortc==1.16.0
fi
if ! [ -d "$cache/node_modules/@roamhq/wrtc" ]; then
    echo "installing @roamhq/wrtc"
    (cd "$cache" && npm install --silent --no-audit --no-fund --no-save @roamhq/wrtc@0.10.0)
fi
(cd "$here/../.." && python3 -m tests.lab.peers.pion --build >/dev/null)
echo "the lab is ready"
