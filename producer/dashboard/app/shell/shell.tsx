/** The routes of the dashboard, for a signed-in user. */
import { LocationProvider, Route, Router } from "preact-iso";
import { useSession } from "../data/session.ts";
import { ApprovalsPage } from "../pages/approvals/approvals_page.tsx";
import { BatchPage } from "../pages/batches/batch_page.tsx";
import { BatchesPage } from "../pages/batches/batches_page.tsx";
import { DeadLettersPage } from "../pages/dead_letters/dead_letters_page.tsx";
import { EgressPage } from "../pages/egress/egress_page.tsx";
import { EvalPage } from "../pages/evals/eval_page.tsx";
import { EvalsPage } from "../pages/evals/evals_page.tsx";
import { OverviewPage } from "../pages/overview/overview_page.tsx";
import { SchedulesPage } from "../pages/schedules/schedules_page.tsx";
import { TaskPage } from "../pages/task/task_page.tsx";
import { TasksPage } from "../pages/tasks/tasks_page.tsx";
import { ToolsPage } from "../pages/tools/tools_page.tsx";
import { EmptyState } from "../parts/feedback.tsx";
import { PageHeader } from "../parts/layout.tsx";
import { Sidebar } from "./sidebar.tsx";
import { SignIn } from "./sign_in.tsx";

export function Shell() {
  const session = useSession();
  if (session.kind === "unknown" || session.kind === "out") return <SignIn session={session} />;
  return (
    <LocationProvider scope={/^\/(?!v1\/|openai\/|openapi\.json|healthz)/}>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <div class="shell">
        <Sidebar session={session} />
        <main id="main" tabIndex={-1}>
          <Router>
            <Route path="/" component={OverviewPage} />
            <Route path="/batches" component={BatchesPage} />
            <Route path="/batches/:id" component={BatchPage} />
            <Route path="/tasks" component={TasksPage} />
            <Route path="/tasks/:id" component={TaskPage} />
            <Route path="/approvals" component={ApprovalsPage} />
            <Route path="/evals" component={EvalsPage} />
            <Route path="/evals/:id" component={EvalPage} />
            <Route path="/dead-letters" component={DeadLettersPage} />
            <Route path="/schedules" component={SchedulesPage} />
            <Route path="/egress" component={EgressPage} />
            <Route path="/tools" component={ToolsPage} />
            <Route default component={NotFoundPage} />
          </Router>
        </main>
      </div>
    </LocationProvider>
  );
}

function NotFoundPage() {
  return (
    <>
      <PageHeader title="Not found" />
      <EmptyState title="There is no page at this address">
        <a class="button" href="/">
          To the overview
        </a>
      </EmptyState>
    </>
  );
}
