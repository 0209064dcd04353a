#!/bin/sh
# Rebuild the bundled calls and models from nothing: `make models`. Takes most of a day on two cores.
# Needs Debian's espeak-ng, sox and wdutch. REAL_VOICES may name a folder of real voices for the speaker models.
set -eu
python=${1:-python3}
recipes=models/recipes

for tool in espeak-ng sox; do
  command -v "$tool" > /dev/null || { echo "make models needs $tool: apt-get install espeak-ng sox wdutch" >&2; exit 2; }
done
step() { echo "== $*"; "$python" "$@"; }

echo "Calls"
step $recipes/calls/make_calls.py

echo "Calls to train on"
step $recipes/calls/make_calls.py --split train --count 177 --out build/calls-train

echo "Speech"
for seed in 1 2 3 4; do
  text=mixed; [ $seed = 1 ] && text=words
  step $recipes/speech/data.py --hours 4 --seed $seed --text $text
done
step $recipes/speech/train.py --phase ctc --minutes 8
step $recipes/speech/train.py --phase short --minutes 120 --from build/speech/ctc.pt
step $recipes/speech/recordings.py build/calls-train build/speech --count 1000 --copies 4
step $recipes/speech/train.py --phase calls --minutes 120 --from build/speech/short.pt
step $recipes/speech/train.py --phase long --minutes 30 --from build/speech/calls.pt
step $recipes/speech/export.py build/speech/long.pt models/demo/speech
step $recipes/speech/evaluate.py models/demo/speech --card --longest-ms 8000

echo "Speakers"
step $recipes/speakers/data.py ${REAL_VOICES:+--real "$REAL_VOICES"}
step $recipes/speakers/mixtures.py --calls build/calls-train --parts 10
step $recipes/speakers/train_embedding.py --steps 6000 --minutes 18
step $recipes/speakers/train_segmentation.py --chunks 20000 --steps 20000 --minutes 60
step $recipes/speakers/fit_plda.py
step $recipes/speakers/tune.py --recordings build/calls-train
step $recipes/speakers/publish.py
step $recipes/speakers/evaluate.py --card

echo "Tagger"
step $recipes/speech/confusions.py models/demo/speech $recipes/tagger/misheard.json --minutes 500
step $recipes/tagger/train.py --minutes 50
step $recipes/tagger/evaluate.py

echo "Names"
step $recipes/names/train.py --minutes 38 --out build/names-1
step $recipes/names/train.py --minutes 30 --start build/names-1
step $recipes/names/evaluate.py --card

step -m callinsight models lock --profile demo
step -m callinsight eval tests/data/calls
