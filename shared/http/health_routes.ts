import type { HttpAnswer, HttpRoute } from "./http_route.ts";

/**
 * Probes, open to all who reach the port. /healthz: the process answers; /readyz: it does what others
 * want of it. `state` says in a word what it does, and whether that is so.
 */
export function healthRoutes(
  state: () => { readonly word: string; readonly is_ready: boolean },
): HttpRoute[] {
  const answer = (status: number, word: string): HttpAnswer => ({
    ...{ status, body: `${word}\n` },
    content_type: "text/plain; charset=utf-8",
  });
  return [
    { path: "/healthz", open: true, answer: () => answer(200, state().word) },
    {
      path: "/readyz",
      open: true,
      answer: () => {
        const { word, is_ready } = state();
        return answer(is_ready ? 200 : 503, word);
      },
    },
  ];
}
