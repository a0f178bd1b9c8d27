/** The navigation of every page, with the search for an id, the theme and the sign-out. */
import { useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { clearCache } from "../data/response_cache.ts";
import { type Session, setSession } from "../data/session.ts";
import { chooseTheme, readTheme, type Theme, themes } from "../data/theme.ts";

const pages = [
  ["/", "Overview"],
  ["/batches", "Batches"],
  ["/tasks", "Tasks"],
  ["/approvals", "Approvals"],
  ["/evals", "Evaluations"],
  ["/dead-letters", "Dead letters"],
  ["/schedules", "Schedules"],
  ["/egress", "Egress"],
  ["/tools", "Tools and policies"],
] as const;

export function Sidebar({ session }: { session: Session }) {
  const { path } = useLocation();
  const isCurrent = (href: string) => (href === "/" ? path === "/" : path.startsWith(href));
  return (
    <header class="side">
      <a class="brand" href="/">
        <span class="brand-mark" aria-hidden="true" />
        Flotilla
      </a>
      <nav aria-label="Pages">
        {pages.map(([href, name]) => (
          <a
            key={href}
            href={href}
            {...(isCurrent(href) ? { "aria-current": "page" as const } : {})}
          >
            {name}
          </a>
        ))}
      </nav>
      <div class="side-foot">
        <IdSearch />
        <ThemeSelect />
        {session.kind === "key" && (
          <button type="button" class="quiet" onClick={signOut}>
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}

function signOut(): void {
  clearCache();
  setSession({ kind: "out", message: null });
}

/** Opens the task or batch with the entered id. */
function IdSearch() {
  const { route } = useLocation();
  const [text, setText] = useState("");
  const openPage = (event: Event) => {
    event.preventDefault();
    const id = text.trim();
    const kind = /^(task|batch)_/.exec(id)?.[1];
    if (kind === undefined) return;
    setText("");
    route(`/${kind === "task" ? "tasks" : "batches"}/${encodeURIComponent(id)}`);
  };
  return (
    <search class="find">
      <form onSubmit={openPage}>
        <input
          type="search"
          aria-label="Go to a task or batch by its id"
          placeholder="Go to an id"
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </form>
    </search>
  );
}

function ThemeSelect() {
  const [theme, setTheme] = useState<Theme>(readTheme());
  return (
    <select
      class="theme"
      aria-label="Colours"
      value={theme}
      onChange={(event) => {
        const chosenTheme = event.currentTarget.value as Theme;
        chooseTheme(chosenTheme);
        setTheme(chosenTheme);
      }}
    >
      {themes.map((name) => (
        <option key={name} value={name}>
          Colours: {name}
        </option>
      ))}
    </select>
  );
}
