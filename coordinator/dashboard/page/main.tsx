import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./style/base.css";
import "./style/layout.css";
import "./style/sweep.css";
import "./style/parts.css";
import { App } from "./app.tsx";
import { Api } from "./live/api.ts";
import type { Browser } from "./live/browser.ts";
import { LiveStream } from "./live/live_stream.ts";
import { Store } from "./parts/store.ts";

const browser: Browser = {
  fetch: (path, options) => fetch(path, options),
  later: (callback, delay_ms) => {
    const timer = setTimeout(callback, delay_ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
const frames = {
  request: (callback: () => void) => void requestAnimationFrame(callback),
  now_ms: () => performance.now(),
};
const store = new Store(frames.request);
const stream = new LiveStream(browser, {
  event: (event) => store.event(event),
  connection: (connection) => store.connection(connection),
});

render(
  <App browser={browser} frames={frames} api={new Api(browser)} store={store} stream={stream} />,
  document.getElementById("page")!,
);
