/** The usage of each model, and its limit with how much of it is in use. */
import type { ModelLimit, ModelStats } from "../../data/responses.ts";
import { EmptyState } from "../../parts/feedback.tsx";
import { Code } from "../../parts/inline.tsx";
import { Table } from "../../parts/table.tsx";
import { clockTime, compact, costOf, count, dollars } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";
import { outageText } from "./alerts.ts";

interface ModelTableProps {
  models: readonly ModelStats[];
  /** Empty until they are known; usage is shown without them. */
  limits: readonly ModelLimit[];
}

interface ModelRow {
  model: string;
  usage?: ModelStats | undefined;
  limit?: ModelLimit | undefined;
}

/** First the models of the tenant's tasks, then the deployment's other models that have a limit or are down. */
export function ModelTable({ models, limits }: ModelTableProps) {
  const isOther = ({ model, requests_per_minute: limit, outage }: ModelLimit): boolean =>
    (limit !== null || outage !== null) && !models.some((usage) => usage.model === model);
  const rows: ModelRow[] = [
    ...models.map((usage) => ({
      model: usage.model,
      usage,
      limit: limits.find(({ model }) => model === usage.model),
    })),
    ...limits.filter(isOther).map((limit) => ({ model: limit.model, limit })),
  ];
  if (rows.length === 0) return <EmptyState title="No model has been called yet" />;
  return (
    <Table
      label="Models"
      plain
      columns={[
        "Model",
        ["Tasks", "number"],
        ["Tokens", "number"],
        ["Cost", "number"],
        ["Calls a minute", "number", "Calls in the last minute, and the limit"],
        ["In progress", "number", "Tasks that may call the model now, and the number of slots"],
        ["Waiting", "number", "Tasks that wait for a slot"],
      ]}
    >
      {rows.map((row) => (
        <ModelTableRow key={row.model} {...row} />
      ))}
    </Table>
  );
}

function ModelTableRow({ model, usage, limit }: ModelRow) {
  const tokens = (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0);
  return (
    <tr>
      <td>
        <Code text={model} />
        {limit !== undefined && <ModelState limit={limit} />}
      </td>
      <td class="number">{count(usage?.tasks ?? 0)}</td>
      <td class="number">{compact(tokens)}</td>
      <td class="number">{usage === undefined ? dollars(0) : costOf(usage)}</td>
      <td class="number">{limit === undefined ? "" : callsText(limit)}</td>
      <td class="number">{limit === undefined ? "" : slotsText(limit)}</td>
      <td class="number">{typeof limit?.waiting === "number" ? compact(limit.waiting) : ""}</td>
    </tr>
  );
}

function callsText({ requests_per_minute: limit, calls_last_minute: calls, shared }: ModelLimit) {
  if (limit === null) return "no limit";
  return `${calls === null ? "?" : count(calls)} of ${count(limit)}${shared ? ", shared" : ""}`;
}

const slotsText = ({ in_progress: used, in_progress_max: slots }: ModelLimit): string =>
  typeof used === "number" && typeof slots === "number" ? `${count(used)} of ${count(slots)}` : "";

const stateTexts: Record<ModelLimit["state"], string | null> = {
  unlimited: null,
  serving: null,
  down: "down",
  back_off: "its endpoint rejected calls",
  breaker: "its endpoint failed several times in a row",
  half_open: "one call tests its endpoint",
  unknown: "its governor does not answer",
};

/** Why a model accepts no calls, and until when; nothing if it accepts some. */
function ModelState({ limit: { state, outage, closed_until: until } }: { limit: ModelLimit }) {
  if (outage !== null) {
    return (
      <div class="note">
        {outageText(outage)}
        <div>
          {visibleLine(outage.endpoint, 120)}: {visibleLine(outage.message, 200)}
        </div>
      </div>
    );
  }
  const text = stateTexts[state];
  if (text === null) return null;
  return (
    <div class="note">
      {text}
      {until !== null && <>, closed until {clockTime(until)}</>}
    </div>
  );
}
