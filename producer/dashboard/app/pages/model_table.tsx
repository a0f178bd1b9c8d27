/** What each model was used for, what its calls are limited to, and how much of that is used now. */
import { clockTime, compact, costOf, count, dollars } from "../format.ts";
import { Code, Empty, Scroll } from "../parts.tsx";
import type { ModelPace, ModelStats } from "../shapes.ts";

interface ModelTableProps {
  of: readonly ModelStats[];
  /** Empty while they are not known: what was used is shown all the same. */
  paces: readonly ModelPace[];
}

/** The models of the tenant's tasks, and behind them those of the deployment that have a limit. */
export function ModelTable({ of: models, paces }: ModelTableProps) {
  const idle = paces.filter(
    (pace) =>
      pace.requests_per_minute !== null && !models.some(({ model }) => model === pace.model),
  );
  const rows = [
    ...models.map((used) => ({
      used,
      pace: paces.find(({ model }) => model === used.model),
      model: used.model,
    })),
    ...idle.map((pace) => ({ used: undefined, pace, model: pace.model })),
  ];
  if (rows.length === 0) return <Empty title="No model was asked yet" />;
  return (
    <Scroll label="Models">
      <table>
        <thead>
          <tr>
            <th>Model</th>
            <th class="number">Tasks</th>
            <th class="number">Tokens</th>
            <th class="number">Cost</th>
            <th class="number" title="Calls of the last minute, of those that the model allows">
              Calls a minute
            </th>
            <th class="number" title="Tasks that the model's governor lets call, of as many places">
              In progress
            </th>
            <th class="number" title="Tasks that wait for a place">
              Waiting
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ model, used, pace }) => (
            <tr key={model}>
              <td>
                <Code of={model} />
                {pace !== undefined && <Closed pace={pace} />}
              </td>
              <td class="number">{count(used?.tasks ?? 0)}</td>
              <td class="number">
                {compact((used?.prompt_tokens ?? 0) + (used?.completion_tokens ?? 0))}
              </td>
              <td class="number">{used === undefined ? dollars(0) : costOf(used)}</td>
              <td class="number">{pace === undefined ? "" : callsOf(pace)}</td>
              <td class="number">{ofPlaces(pace?.in_progress, pace?.in_progress_max)}</td>
              <td class="number">
                {typeof pace?.waiting === "number" ? compact(pace.waiting) : ""}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function callsOf({ requests_per_minute: limit, calls_last_minute: calls, shared }: ModelPace) {
  if (limit === null) return "no limit";
  return `${calls === null ? "?" : count(calls)} of ${count(limit)}${shared ? ", shared" : ""}`;
}

const ofPlaces = (held: number | null | undefined, places: number | null | undefined): string =>
  typeof held === "number" && typeof places === "number"
    ? `${count(held)} of ${count(places)}`
    : "";

/** Why a model takes no calls, and until when; nothing where it takes some. */
function Closed({ pace: { state, closed_until: until } }: { pace: ModelPace }) {
  const why = {
    unlimited: null,
    serving: null,
    back_off: "its endpoint refused calls",
    breaker: "its endpoint failed",
    half_open: "one call tries whether it serves again",
    unknown: "its governor does not answer",
  }[state];
  if (why === null) return null;
  return (
    <div class="note">
      {why}
      {until !== null && <>, closed until {clockTime(until)}</>}
    </div>
  );
}
