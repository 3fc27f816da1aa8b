# Source this in the folder of an example, in bash or zsh: `. ../simulated.sh`. It starts a fresh simulated cloud and
# points this shell, and nothing else, at it. The login, the passphrase and all that Pulumi keeps are in one new folder.
# `kill "$ZEC_SIMULATOR"; rm -r "$PULUMI_HOME"` removes all of it.

if [ ! -x ../../.venv/bin/zec-pulumi ]; then
  echo "no environment yet: run make demo in the checkout first, and source this in the folder of an example" >&2
  return 1
fi
if [ -n "$ZEC_SIMULATOR" ]; then kill "$ZEC_SIMULATOR" 2> /dev/null; fi # of an example before this one

# The python3 that is first on PATH runs the program and the provider. The pulumi is yours, unless make demo had to make one.
. ../../.venv/bin/activate
if [ -x ../../.cache/engine/pulumi ]; then PATH="$(cd ../../.cache/engine && pwd):$PATH"; fi

export PULUMI_HOME="$(mktemp -d)"
export PULUMI_BACKEND_URL="file://$PULUMI_HOME" # in place of pulumi login
export PULUMI_CONFIG_PASSPHRASE=example
export PULUMI_SKIP_UPDATE_CHECK=true

# Its second line exports the address and the credentials.
zec-pulumi simulator --port 0 --rebuild-seconds 1 --stop-seconds 1 > "$PULUMI_HOME/simulator.log" &
ZEC_SIMULATOR=$!
until grep -q '^export ' "$PULUMI_HOME/simulator.log"; do
  kill -0 "$ZEC_SIMULATOR" || return 1
  sleep 0.1
done
eval "$(sed -n 2p "$PULUMI_HOME/simulator.log")"
echo "a simulated cloud: http://$ZENLAYERCLOUD_DOMAIN shows it in a browser; only this shell talks to it"
