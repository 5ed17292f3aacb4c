import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import type { HttpRoute } from "../../shared/http/http_route.ts";
import { packageRoot } from "../../shared/package_info.ts";

const PAGE_FOLDER = join(packageRoot, "dist", "coordinator", "dashboard", "page");

/** What the build of a page consists of; a file of another kind is not served. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/**
 * The page may run its own scripts and styles, speak to where it came from, and nothing else: no
 * request leaves the host, and what a log or a name smuggles in is not run.
 */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const PAGE_HEADERS = {
  "Content-Security-Policy": PAGE_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
};

/**
 * The page and its assets, read once; open to all who reach the port, as they say nothing of sweeps.
 * Where it was not built, `/` says so.
 */
export function pageRoutes(folder: string = PAGE_FOLDER): HttpRoute[] {
  if (!existsSync(join(folder, "index.html"))) return [NOT_BUILT];
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.flatMap((name) => {
    const content_type = CONTENT_TYPES[extname(name)];
    if (content_type === undefined) return [];
    const body = readFileSync(join(folder, name));
    const path = name === "index.html" ? "/" : `/${name}`;
    const answer = () => ({ status: 200, content_type, body, headers: PAGE_HEADERS });
    return [{ path, open: true, answer }];
  });
}

const NOT_BUILT: HttpRoute = {
  path: "/",
  open: true,
  answer: () => ({
    status: 503,
    content_type: "text/plain; charset=utf-8",
    body: `the dashboard's page is not in ${PAGE_FOLDER}\n  fix: \`npm run build\` makes it\n`,
  }),
};
