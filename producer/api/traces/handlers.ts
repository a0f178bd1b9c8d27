/** What a task left: result, steps, egress decisions and files. */
import { openObject } from "../../../shared/files/objects.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import { readEgress } from "../../../shared/store/egress/egress_log.ts";
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import { isTerminal } from "../../../shared/task/states.ts";
import { stepView } from "../../../shared/task/step.ts";
import {
  readArchived,
  readJournal,
  readTranscript,
  type Transcript,
} from "../../../shared/task/transcript.ts";
import type { ProducerEnv } from "../../env.ts";
import { invalidField, type Problem } from "../../http/problem.ts";
import { readQuery } from "../../http/query.ts";
import { type Handler, type RequestContext, type Route, route } from "../../http/route.ts";
import { openFiles } from "../../tasks/files.ts";
import { decisionView } from "../../tasks/task_view.ts";
import { findTask } from "../tasks/handlers.ts";
import * as operations from "./operations.ts";

/** The steps of a task, whether it has settled or not. A task that settled before it ran has none. */
export async function transcriptOf(
  env: ProducerEnv,
  row: TaskRow,
): Promise<Result<Transcript, Problem>> {
  if (isTerminal(row.status)) return ok(await readTranscript(env.DB, env.OBJECTS, row));
  const journal = await readJournal(env.DB, env.OBJECTS, row);
  if (journal.ok) return ok({ steps: journal.value, workspace: null });
  return err({ kind: "conflict", message: journal.error });
}

const handleGetResult: Handler = async (context) => {
  const task = await findTask(context);
  if (!task.ok) return task;
  const { result_key: key, status } = task.value;
  const object = key === null ? null : await openObject(context.env.OBJECTS, key);
  if (object === null) {
    return err({
      kind: "no_result",
      message: isTerminal(status)
        ? `this task is ${status} and has no result: see GET /v1/tasks/${task.value.id}`
        : `this task is ${status}: wait until it has succeeded`,
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

const handleListSteps: Handler = async (context) => {
  const task = await findTask(context);
  if (!task.ok) return task;
  const transcript = await readRun(context, task.value);
  if (!transcript.ok) return transcript;
  return ok(Response.json({ steps: transcript.value.steps.map(stepView) }));
};

/** The run that `?fence=` names; the latest without it. */
async function readRun(
  { env, url }: RequestContext,
  row: TaskRow,
): Promise<Result<Transcript, Problem>> {
  const query = readQuery(operations.StepsQuery, url.searchParams);
  if (!query.ok) return query;
  const { fence: wanted } = query.value;
  if (wanted === undefined || wanted === String(row.fence)) return transcriptOf(env, row);
  const earlier = (JSON.parse(row.history) as { fence: number }[]).map(({ fence }) => fence);
  const fence = earlier.find((candidate) => String(candidate) === wanted);
  if (fence !== undefined) {
    return ok(await readArchived(env.OBJECTS, { tenant: row.tenant, id: row.id, fence }));
  }
  const list = earlier.length === 0 ? "it has none" : `it has ${earlier.join(", ")}`;
  const message = `is not an earlier run of this task (${list}): omit it to read the latest run`;
  return err(invalidField("fence", message));
}

const handleListDecisions: Handler = async (context) => {
  const task = await findTask(context);
  if (!task.ok) return task;
  const rows = await readEgress(context.env.DB, context.principal.tenant, task.value.id);
  return ok(Response.json({ decisions: rows.map(decisionView) }));
};

const handleListFiles: Handler = async (context) => {
  const task = await findTask(context);
  if (!task.ok) return task;
  const transcript = await transcriptOf(context.env, task.value);
  if (!transcript.ok) return transcript;
  const workspace = await openFiles(context.env, task.value, transcript.value);
  const files = Object.entries(await workspace.manifest()).map(([path, { bytes, sha256 }]) => ({
    path,
    bytes,
    sha256,
  }));
  return ok(Response.json({ files }));
};

/** The bytes are untrusted, so the headers make browsers download and never display them. */
const handleGetFile: Handler = async (context) => {
  const task = await findTask(context);
  if (!task.ok) return task;
  const path = readFilePath(context.url, task.value.id);
  if (!path.ok) return path;
  const transcript = await transcriptOf(context.env, task.value);
  if (!transcript.ok) return transcript;
  const workspace = await openFiles(context.env, task.value, transcript.value);
  const bytes = await workspace.read(path.value);
  if (bytes === null) {
    const message = `this task has no file ${JSON.stringify(path.value)}: see GET /v1/tasks/${task.value.id}/files`;
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

/** The path below `/files/`, decoded once. It is used only as a key of the task's manifest. */
function readFilePath(url: URL, id: string): Result<string, Problem> {
  const text = url.pathname.slice(`/v1/tasks/${id}/files/`.length);
  try {
    return ok(decodeURIComponent(text));
  } catch {
    const message = "invalid path after /files/: use percent-encoded UTF-8";
    return err({ kind: "unreadable", message });
  }
}

export const traceRoutes: readonly Route[] = [
  route(operations.getResult, handleGetResult),
  route(operations.listSteps, handleListSteps),
  route(operations.listDecisions, handleListDecisions),
  route(operations.listFiles, handleListFiles),
  route(operations.getFile, handleGetFile),
];
