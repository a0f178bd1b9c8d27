/** The navigation of every page, with the search for an id, the theme and the sign-out. */
import { useEffect, useRef, useState } from "preact/hooks";
import { useLocation } from "preact-iso";
import { pagePath } from "../data/api.ts";
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

/** The pages of ids, by prefix. */
const pagesOfIds: readonly (readonly [prefix: string, page: string])[] = [
  ["task_", "/tasks/"],
  ["batch_", "/batches/"],
  ["eval_", "/evals/"],
];

/** Where a search leads: to the page of an id, or to the tasks with a label or a custom id. */
function searchPath(text: string): string {
  const page = pagesOfIds.find(([prefix]) => text.startsWith(prefix));
  if (page !== undefined) return `${page[1]}${encodeURIComponent(text)}`;
  return pagePath("/tasks", text.includes("=") ? { label: text } : { custom_id: text });
}

/** Opens the task or batch with the entered id, or lists tasks by custom id or label. The key "/" moves to it. */
function IdSearch() {
  const { route } = useLocation();
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const openPage = (event: Event) => {
    event.preventDefault();
    const wanted = text.trim();
    if (wanted === "") return;
    setText("");
    route(searchPath(wanted));
  };
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const isTyping =
        event.target instanceof Element && event.target.closest("input, textarea, select");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      field.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  return (
    <search class="find">
      <form onSubmit={openPage}>
        <input
          ref={field}
          type="search"
          aria-label="Find by id, custom id or label"
          placeholder="Find id or label ( / )"
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
