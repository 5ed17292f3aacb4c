/** What the page shows, as its address says after the #. */
export type Route =
  | { readonly page: "sweeps" }
  | { readonly page: "sweep"; readonly sweep: string; readonly cell: number | null }
  | { readonly page: "fleet"; readonly worker: string | null }
  | { readonly page: "submit" };

/** Names may hold anything, also what an address cannot. */
export function routeOf(hash: string): Route {
  const [page, ...rest] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  const [name = "", cell] = rest;
  if (page === "sweep" && name !== "") {
    const at = cell === undefined ? Number.NaN : Number(cell);
    return { page, sweep: name, cell: Number.isSafeInteger(at) && at >= 0 ? at : null };
  }
  if (page === "fleet") return { page, worker: name === "" ? null : name };
  if (page === "submit") return { page };
  return { page: "sweeps" };
}

export function addressOf(route: Route): string {
  switch (route.page) {
    case "sweeps":
      return "#/";
    case "sweep":
      return `#/sweep/${encodeURIComponent(route.sweep)}${route.cell === null ? "" : `/${route.cell}`}`;
    case "fleet":
      return `#/fleet${route.worker === null ? "" : `/${encodeURIComponent(route.worker)}`}`;
    case "submit":
      return "#/submit";
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // A % that stands for itself.
    return part;
  }
}
