/** Calls `handle` for each of the signals, with how many there have been. Ends with the process. */
export function onSignals(
  signals: readonly NodeJS.Signals[],
  handle: (signal: NodeJS.Signals, times: number) => void,
): void {
  let times = 0;
  for (const signal of signals) {
    process.on(signal, () => {
      times++;
      handle(signal, times);
    });
  }
}
