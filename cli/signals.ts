/**
 * Calls `handle` for each of the signals, with how many there have been. Gives a function that stops
 * this; without it, it ends with the process.
 */
export function onSignals(
  signals: readonly NodeJS.Signals[],
  handle: (signal: NodeJS.Signals, times: number) => void,
): () => void {
  let times = 0;
  const listeners = signals.map((signal) => {
    const listener = () => {
      times++;
      handle(signal, times);
    };
    process.on(signal, listener);
    return { signal, listener };
  });
  return () => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
}
