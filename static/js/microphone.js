/* A microphone heard for a few seconds: how loud it is, and whether anything came. Nothing is kept and nothing is sent. */
const LISTENS_MS = 8000, SPEECH = 0.04, FULL = 0.25;

/** Listen until speech is heard or the time is over. `level` is told 0..1 as it changes.
 * @param {(level: number) => void} level
 * @returns {Promise<"ok" | "failed">} Rejects where there is no microphone, or this page may not use it.
 */
export async function hear(level) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const context = new AudioContext(), analyser = context.createAnalyser();
  try {
    context.createMediaStreamSource(stream).connect(analyser);
    await context.resume();
    return await loudEnough(analyser, level) ? "ok" : "failed";
  } finally {
    for (const track of stream.getTracks()) track.stop();
    await context.close();
    level(0);
  }
}

/** @param {AnalyserNode} analyser @param {(level: number) => void} level @returns {Promise<boolean>} */
function loudEnough(analyser, level) {
  const samples = new Float32Array(analyser.fftSize), until = performance.now() + LISTENS_MS;
  let loud = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = Math.sqrt(samples.reduce((sum, one) => sum + one * one, 0) / samples.length);
      level(Math.min(1, power / FULL));
      if (power > SPEECH) loud += 1;
      if (loud < 6 && performance.now() < until) return;
      clearInterval(timer);
      resolve(loud >= 6);
    }, 50);
  });
}
