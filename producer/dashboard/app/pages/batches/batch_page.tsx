/** One batch: its progress, its failures, its tasks. */
import { useState } from "preact/hooks";
import { useRoute } from "preact-iso";
import type { Batch } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { ErrorDetails, Loaded, StaleNotice } from "../../parts/feedback.tsx";
import { CopyButton, Id } from "../../parts/inline.tsx";
import { PageHeader, Panel } from "../../parts/layout.tsx";
import { BatchBadge } from "../../parts/status.tsx";
import { humanize } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";
import { TaskTable } from "../tasks/task_table.tsx";
import { BatchActions } from "./batch_actions.tsx";
import { BatchFailures } from "./batch_failures.tsx";
import { BatchProgress } from "./batch_progress.tsx";

const eachMs = 1_500;

export function BatchPage() {
  const id = useRoute().params.id ?? "";
  const [changes, setChanges] = useState(0);
  const polled = usePolled("GET /v1/batches/:id", { id }, { eachMs });
  const batch = polled.value;
  const onChanged = () => {
    setChanges((count) => count + 1);
    polled.refresh();
  };
  const parents = <a href="/batches">Batches</a>;
  if (batch === null) {
    return (
      <>
        <PageHeader title="Batch" parents={parents} />
        <Loaded polled={polled} lines={6}>
          {() => null}
        </Loaded>
      </>
    );
  }
  const details = (
    <>
      <Id id={id} />
      <BatchBadge batch={batch} />
      <CopyButton text={id} what="id" />
    </>
  );
  const actions = <BatchActions batch={batch} onChanged={onChanged} />;
  const isLive = batch.status !== "finished";
  return (
    <>
      <PageHeader title="Batch" parents={parents} details={details} actions={actions} />
      <StaleNotice polled={polled} />
      {batch.error !== null && <BatchErrorBanner error={batch.error} />}
      <Panel>
        <BatchProgress batch={batch} />
      </Panel>
      <BatchFailures key={`failures ${changes}`} batch={batch} />
      <TaskTable key={`tasks ${changes}`} base={`/batches/${id}`} batch={id} isLive={isLive} />
    </>
  );
}

function BatchErrorBanner({ error }: { error: NonNullable<Batch["error"]> }) {
  return (
    <div class="banner banner-bad">
      <div>
        <p>
          <strong>{humanize(error.code)}</strong> {visibleLine(error.message, 500)}
        </p>
        <ErrorDetails details={error.details ?? []} />
      </div>
    </div>
  );
}
