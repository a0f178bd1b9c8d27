/** What a task leaves behind: its result, its steps, its decisions and its files. */
import { openObject } from "../../../shared/objects.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { isTerminal } from "../../../shared/states.ts";
import { stepView } from "../../../shared/step.ts";
import { readEgress } from "../../../shared/store/egress_log.ts";
import type { TaskRow } from "../../../shared/store/task_row.ts";
import {
  readArchived,
  readJournal,
  readTranscript,
  type Transcript,
} from "../../../shared/transcript.ts";
import { type Call, type Handler, type Route, route } from "../../http/call.ts";
import { type Problem, refusedAt } from "../../http/problem.ts";
import { readQuery } from "../../http/query.ts";
import { openFiles } from "../../tasks/files.ts";
import { decisionView } from "../../tasks/view.ts";
import * as operations from "../operations.ts";
import { taskOf } from "../tasks/handlers.ts";

/** The steps of a task, settled or live. One that settled untouched has none. */
export async function transcriptOf(
  env: Call["env"],
  row: TaskRow,
): Promise<Result<Transcript, Problem>> {
  if (isTerminal(row.status)) return ok(await readTranscript(env.DB, env.OBJECTS, row));
  const journal = await readJournal(env.DB, env.OBJECTS, row);
  if (journal.ok) return ok({ steps: journal.steps, workspace: null });
  return err({ kind: "conflict", message: journal.message });
}

const result: Handler = async (call) => {
  const task = await taskOf(call);
  if (!task.ok) return task;
  const { result_key: key, status } = task.value;
  const object = key === null ? null : await openObject(call.env.OBJECTS, key);
  if (object === null) {
    return err({
      kind: "no_result",
      message: isTerminal(status)
        ? `this task is ${status} and has no result: GET /v1/tasks/${task.value.id} says why`
        : `this task is ${status}: its result is there once it has succeeded`,
    });
  }
  return ok(
    new Response(object.body, {
      headers: {
        "content-type": "application/json",
        "content-length": String(object.size),
        etag: object.httpEtag,
        "x-content-type-options": "nosniff",
      },
    }),
  );
};

const steps: Handler = async (call) => {
  const task = await taskOf(call);
  if (!task.ok) return task;
  const transcript = await runOf(call, task.value);
  if (!transcript.ok) return transcript;
  return ok(Response.json({ steps: transcript.value.steps.map(stepView) }));
};

/** The run that `?fence=` names, as the task's history lists them; without it the latest. */
async function runOf({ env, url }: Call, row: TaskRow): Promise<Result<Transcript, Problem>> {
  const query = readQuery(operations.StepsQuery, url.searchParams);
  if (!query.ok) return query;
  const { fence: text } = query.value;
  if (text === undefined || text === String(row.fence)) return transcriptOf(env, row);
  const earlier = (JSON.parse(row.history) as { fence: number }[]).map(({ fence }) => fence);
  const fence = earlier.find((known) => String(known) === text);
  if (fence !== undefined) {
    return ok(await readArchived(env.OBJECTS, { tenant: row.tenant, id: row.id, fence }));
  }
  const known = earlier.length === 0 ? "it has none" : `they are ${earlier.join(", ")}`;
  const message = `names no earlier run of this task (${known}): leave it out for the latest`;
  return err(refusedAt("fence", message));
}

const egress: Handler = async (call) => {
  const task = await taskOf(call);
  if (!task.ok) return task;
  const rows = await readEgress(call.env.DB, call.principal.tenant, task.value.id);
  return ok(Response.json({ decisions: rows.map(decisionView) }));
};

const files: Handler = async (call) => {
  const task = await taskOf(call);
  if (!task.ok) return task;
  const transcript = await transcriptOf(call.env, task.value);
  if (!transcript.ok) return transcript;
  const held = await openFiles(call.env, task.value, transcript.value);
  const listed = Object.entries(await held.manifest()).map(([path, { bytes, sha256 }]) => ({
    path,
    bytes,
    sha256,
  }));
  return ok(Response.json({ files: listed }));
};

/** A stranger's bytes: never shown by a browser, always downloaded. */
const file: Handler = async (call) => {
  const task = await taskOf(call);
  if (!task.ok) return task;
  const path = pathIn(call.url, task.value.id);
  if (!path.ok) return path;
  const transcript = await transcriptOf(call.env, task.value);
  if (!transcript.ok) return transcript;
  const held = await openFiles(call.env, task.value, transcript.value);
  const bytes = await held.read(path.value);
  if (bytes === null) {
    const message = `this task has no file ${JSON.stringify(path.value)}: GET /v1/tasks/${task.value.id}/files lists them`;
    return err({ kind: "not_found", message });
  }
  const name = encodeURIComponent(path.value.split("/").at(-1) ?? "file");
  return ok(
    new Response(bytes, {
      headers: {
        "content-type": "application/octet-stream",
        "content-disposition": `attachment; filename*=UTF-8''${name}`,
        "x-content-type-options": "nosniff",
      },
    }),
  );
};

/** The path below `/files/`, decoded once. It only ever looks up the task's manifest. */
function pathIn(url: URL, id: string): Result<string, Problem> {
  const text = url.pathname.slice(`/v1/tasks/${id}/files/`.length);
  try {
    return ok(decodeURIComponent(text));
  } catch {
    const message = "the path after /files/ is not percent-encoded UTF-8";
    return err({ kind: "unreadable", message });
  }
}

export const traceRoutes: readonly Route[] = [
  route(operations.getResult, result),
  route(operations.listSteps, steps),
  route(operations.listDecisions, egress),
  route(operations.listFiles, files),
  route(operations.getFile, file),
];
