import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { FleetPage } from "./fleet/fleet_page.tsx";
import type { Api } from "./live/api.ts";
import type { Browser } from "./live/browser.ts";
import type { LiveStream } from "./live/live_stream.ts";
import type { Frames } from "./map/map_painter.ts";
import { SweepList } from "./overview/sweep_list.tsx";
import { Announcer } from "./parts/announcer.tsx";
import { Header } from "./parts/header.tsx";
import { PageContext } from "./parts/page_context.ts";
import { type Route, routeOf } from "./parts/routes.ts";
import { type Store, useSelected } from "./parts/store.ts";
import { useTheme } from "./parts/theme.ts";
import { titleOf } from "./parts/title.ts";
import { SubmitPage } from "./submit/submit_page.tsx";
import { SweepPage } from "./sweep/sweep_page.tsx";

interface Props {
  readonly browser: Browser;
  readonly frames: Frames;
  readonly api: Api;
  readonly store: Store;
  readonly stream: LiveStream;
}

export function App({ browser, frames, api, store, stream }: Props) {
  const route = useRoute();
  const isVisible = useVisible();
  const { theme, scheme, choose } = useTheme();
  const page = useMemo(() => ({ browser, frames, api, store, scheme }), [scheme]);
  const sweep = route.page === "sweep" ? route.sweep : null;
  const fleet = route.page === "fleet";
  useEffect(() => stream.follow(isVisible ? { sweep, fleet } : null), [isVisible, sweep, fleet]);
  useTitle(store, route);
  const main = useMainFocus(route);
  return (
    <PageContext.Provider value={page}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header route={route} theme={theme} chooseTheme={choose} retry={() => stream.retry()} />
      <main id="main" tabIndex={-1} ref={main}>
        <Content key={route.page === "sweep" ? route.sweep : route.page} route={route} />
      </main>
      <Announcer sweep={sweep} />
    </PageContext.Provider>
  );
}

function Content({ route }: { route: Route }) {
  switch (route.page) {
    case "sweeps":
      return <SweepList />;
    case "sweep":
      return <SweepPage sweep={route.sweep} cell={route.cell} />;
    case "fleet":
      return <FleetPage worker={route.worker} />;
    case "submit":
      return <SubmitPage />;
  }
}

function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  return useMemo(() => routeOf(hash), [hash]);
}

function useVisible(): boolean {
  const [isVisible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const changed = () => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  }, []);
  return isVisible;
}

function useTitle(store: Store, route: Route): void {
  const title = useSelected(store, (state) => titleOf(state, route));
  useEffect(() => {
    document.title = title;
  }, [title]);
}

/** Another page begins at its top, and readers of screens go on from there. */
function useMainFocus(route: Route) {
  const main = useRef<HTMLElement>(null);
  const place = route.page === "sweep" ? `sweep ${route.sweep}` : route.page;
  const last = useRef(place);
  useEffect(() => {
    if (last.current === place) return;
    last.current = place;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [place]);
  return main;
}
