"""Speed and memory of a night on the bundled calls: `make bench`.

Prints, for at least an hour of audio: the real-time factor, the share of wall time inside the engines, peak memory in
the first and the last quarter, start-up time, and the time of a second run over the same night. Nothing is asserted:
the figures are for reading, with the conditions they were taken under.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from callinsight import assembly, offline, run, settings
from callinsight.settings import Settings

ROOT = Path(__file__).parents[2]
CALLS = ROOT / "tests" / "data" / "calls"


class MemoryWatch(threading.Thread):
    """Samples the resident memory of this process, and remembers the peak of each quarter of the work."""

    def __init__(self, total_bytes: int) -> None:
        super().__init__(daemon=True)
        self.total_bytes = total_bytes
        self.done_bytes = 0
        self.peaks = [0, 0, 0, 0]
        self._stop_now = threading.Event()

    def run(self) -> None:
        me = psutil.Process()
        while not self._stop_now.wait(0.1):
            quarter = min(3, 4 * self.done_bytes // max(1, self.total_bytes))
            self.peaks[quarter] = max(self.peaks[quarter], me.memory_info().rss)

    def stop(self) -> None:
        self._stop_now.set()


def fill_inbox(folder: Path, minutes: float) -> None:
    """The bundled calls, and louder or softer copies of them until there are enough minutes."""
    from callinsight.audio import decode

    folder.mkdir()
    recordings = sorted(p for p in CALLS.iterdir() if p.with_suffix(".json").exists() and p.suffix != ".json")
    total_ms, generation = 0, 0
    while total_ms < minutes * 60_000:
        for recording in recordings:
            name = f"{generation}-{recording.stem}"
            shutil.copy(recording.with_suffix(".json"), folder / f"{name}.json")
            decoded = decode(recording)
            if generation:
                write_wav(folder / f"{name}.wav", decoded.waveform.samples * 0.97**generation)
            else:
                shutil.copy(recording, folder / f"{name}{recording.suffix}")
            total_ms += decoded.waveform.duration_ms
        generation += 1


def write_wav(path: Path, samples: "object") -> None:
    """16 kHz PCM of float ``[channel, sample]``."""
    import numpy as np
    from scipy.io import wavfile

    wavfile.write(path, 16_000, (np.asarray(samples).T * 32767).astype(np.int16))


def timed(*command: str) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def night_of(chosen: Settings) -> tuple[run.Night, MemoryWatch, float, float]:
    started = time.perf_counter()
    engine = assembly.shared_worker(chosen.model_dump_json())
    loading_s = time.perf_counter() - started
    size = sum(path.stat().st_size for path in Path(chosen.inbox.address).iterdir() if path.suffix != ".json")
    watch = MemoryWatch(size)
    watch.start()

    def advance(step: run.Progress) -> None:
        watch.done_bytes += step.size_bytes

    started = time.perf_counter()
    done = run.night(chosen, lambda _: None, advance)
    wall_s = time.perf_counter() - started
    watch.stop()
    print("\nseconds inside each engine")
    for name, seconds in sorted(engine.clock.seconds.items(), key=lambda item: -item[1]):
        print(f"  {name:<16} {seconds:8.1f}  {seconds / wall_s:6.1%}")
    return done, watch, loading_s, wall_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60.0, help="audio to process, at least (default 60)")
    minutes = parser.parse_args().minutes
    offline.apply()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as temporary:
        inbox, work = Path(temporary) / "inbox", Path(temporary) / "work"
        fill_inbox(inbox, minutes)
        os.environ.update({"CALLINSIGHT_INBOX__ADDRESS": str(inbox), "CALLINSIGHT_WORK__FOLDER": str(work)})
        chosen = settings.load()
        callinsight = str(Path(sys.executable).parent / "callinsight")
        help_s = timed(callinsight, "--help")
        done, watch, loading_s, wall_s = night_of(chosen)
        again_s = timed(callinsight, "run")
        report(chosen, done, watch, {"help": help_s, "loading": loading_s, "wall": wall_s, "again": again_s})


def report(chosen: Settings, done: run.Night, watch: MemoryWatch, seconds: dict[str, float]) -> None:
    calls, audio_s = done.work.calls, done.work.audio_ms / 1000
    mb = [peak / 1e6 for peak in watch.peaks]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"\nprofile {chosen.models.profile}, {machine}")
    print(f"audio                          {audio_s / 60:8.1f} min in {calls} calls, {done.failed} set aside")
    print(f"wall time of the night         {seconds['wall']:8.1f} s, engines loaded")
    speed = f"{audio_s / seconds['wall']:.0f} times faster than listening"
    print(f"real-time factor               {seconds['wall'] / audio_s:8.4f} ({speed})")
    print(f"share of wall inside engines   {done.work.engine_ms / 1000 / seconds['wall']:8.1%}  (aim: at least 95%)")
    print(f"peak memory, first quarter     {mb[0]:8.0f} MB  (aim: under 2000)")
    print(f"peak memory, last quarter      {mb[3]:8.0f} MB  ({mb[3] / mb[0]:.2f} of the first)")
    print(f"start-up: --help               {seconds['help']:8.2f} s  (aim: under 1)")
    print(f"start-up: loading the engines  {seconds['loading']:8.2f} s")
    aim = 2 + 0.001 * calls
    print(f"second run, nothing new        {seconds['again']:8.2f} s  (aim: under {aim:.2f})")


if __name__ == "__main__":
    main()
