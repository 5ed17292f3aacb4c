import { ConnectionState } from "./connection_state.tsx";
import { usePage } from "./page_context.ts";
import { addressOf, type Route } from "./routes.ts";
import { useSelected } from "./store.ts";
import type { Theme } from "./theme.ts";

interface Props {
  readonly route: Route;
  readonly theme: Theme;
  readonly chooseTheme: (theme: Theme) => void;
  readonly retry: () => void;
}

export function Header({ route, theme, chooseTheme, retry }: Props) {
  const { store } = usePage();
  const hello = useSelected(store, (state) => state.hello);
  const links = [
    { page: "sweeps", text: "Sweeps", address: addressOf({ page: "sweeps" }) },
    { page: "fleet", text: "Fleet", address: addressOf({ page: "fleet", worker: null }) },
    ...(hello?.single_sweep === true
      ? []
      : [{ page: "submit", text: "Submit", address: addressOf({ page: "submit" }) }]),
  ];
  const current = route.page === "sweep" ? "sweeps" : route.page;
  return (
    <header class="top">
      <a class="brand" href={addressOf({ page: "sweeps" })}>
        <span class="mark" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        phasesweep
      </a>
      <nav aria-label="Pages">
        {links.map(({ page, text, address }) => (
          <a key={page} href={address} aria-current={page === current ? "page" : undefined}>
            {text}
          </a>
        ))}
      </nav>
      <div class="spring" />
      <ConnectionState retry={retry} />
      <label class="theme">
        <span class="unseen">Colours</span>
        <select
          value={theme}
          onChange={({ currentTarget }) => chooseTheme(currentTarget.value as Theme)}
        >
          <option value="system">System</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
    </header>
  );
}
