import type { Tfjs } from "./dense/tfjs.ts";

/** What each backend is busy with, and what waits for it. */
const turns = new WeakMap<Tfjs, Promise<unknown>>();

/**
 * Acts when no other batch is on the backend, in a scope whose tensors are all gone afterwards:
 * scopes of tfjs' memory are one inside the other, whoever opens them.
 */
export function takeTurn<T>(tf: Tfjs, act: () => Promise<T>): Promise<T> {
  const turn = (turns.get(tf) ?? Promise.resolve()).then(async () => {
    tf.engine().startScope();
    try {
      return await act();
    } finally {
      tf.engine().endScope();
    }
  });
  turns.set(
    tf,
    turn.catch(() => {}),
  );
  return turn;
}
