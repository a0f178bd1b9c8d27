/** The frame of every page: who is signed in, where one can go, light or dark. */

import { useState } from "preact/hooks";
import { LocationProvider, Route, Router, useLocation } from "preact-iso";
import { BatchPage } from "./pages/batch.tsx";
import { BatchesPage } from "./pages/batches.tsx";
import { DeadLettersPage } from "./pages/dead_letters.tsx";
import { EgressPage } from "./pages/egress.tsx";
import { OverviewPage } from "./pages/overview.tsx";
import { SchedulesPage } from "./pages/schedules.tsx";
import { SignIn } from "./pages/sign_in.tsx";
import { TaskPage } from "./pages/task.tsx";
import { TasksPage } from "./pages/tasks.tsx";
import { ToolsPage } from "./pages/tools.tsx";
import { Empty, Head } from "./parts.tsx";
import { forgetSeen } from "./polling.ts";
import { beginSession, type Session, useSession } from "./session.ts";
import { chooseTheme, chosenTheme, type Theme } from "./theme.ts";

const pages = [
  ["/", "Overview"],
  ["/batches", "Batches"],
  ["/tasks", "Tasks"],
  ["/dead-letters", "Dead letters"],
  ["/schedules", "Schedules"],
  ["/egress", "Egress"],
  ["/tools", "Tools and policies"],
] as const;

export function Shell() {
  const session = useSession();
  if (session.kind === "unknown" || session.kind === "out") return <SignIn session={session} />;
  return (
    <LocationProvider scope={/^\/(?!v1\/|openai\/|openapi\.json|healthz)/}>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <div class="shell">
        <Side session={session} />
        <main id="main" tabIndex={-1}>
          <Router>
            <Route path="/" component={OverviewPage} />
            <Route path="/batches" component={BatchesPage} />
            <Route path="/batches/:id" component={BatchPage} />
            <Route path="/tasks" component={TasksPage} />
            <Route path="/tasks/:id" component={TaskPage} />
            <Route path="/dead-letters" component={DeadLettersPage} />
            <Route path="/schedules" component={SchedulesPage} />
            <Route path="/egress" component={EgressPage} />
            <Route path="/tools" component={ToolsPage} />
            <Route default component={Nowhere} />
          </Router>
        </main>
      </div>
    </LocationProvider>
  );
}

function Side({ session }: { session: Session }) {
  const { path } = useLocation();
  const here = (href: string) => (href === "/" ? path === "/" : path.startsWith(href));
  return (
    <header class="side">
      <a class="brand" href="/">
        <span class="brand-mark" aria-hidden="true" />
        Flotilla
      </a>
      <nav aria-label="Pages">
        {pages.map(([href, name]) => (
          <a key={href} href={href} {...(here(href) ? { "aria-current": "page" as const } : {})}>
            {name}
          </a>
        ))}
      </nav>
      <div class="side-foot">
        <Find />
        <ThemeSwitch />
        {session.kind === "key" && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              forgetSeen();
              beginSession({ kind: "out", message: null });
            }}
          >
            Sign out
          </button>
        )}
      </div>
    </header>
  );
}

/** Goes to what an id names. */
function Find() {
  const { route } = useLocation();
  const [text, setText] = useState("");
  const find = (event: Event) => {
    event.preventDefault();
    const id = text.trim();
    const place = /^(task|batch)_/.exec(id)?.[1];
    if (place === undefined) return;
    setText("");
    route(`/${place === "task" ? "tasks" : "batches"}/${encodeURIComponent(id)}`);
  };
  return (
    <search class="find">
      <form onSubmit={find}>
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

function ThemeSwitch() {
  const [theme, setTheme] = useState<Theme>(chosenTheme());
  return (
    <select
      class="theme"
      aria-label="Colours"
      value={theme}
      onChange={(event) => {
        const chosen = event.currentTarget.value as Theme;
        chooseTheme(chosen);
        setTheme(chosen);
      }}
    >
      <option value="system">Colours: system</option>
      <option value="light">Colours: light</option>
      <option value="dark">Colours: dark</option>
    </select>
  );
}

function Nowhere() {
  return (
    <>
      <Head title="Not found" />
      <Empty title="There is no page at this address">
        <a class="button" href="/">
          To the overview
        </a>
      </Empty>
    </>
  );
}
