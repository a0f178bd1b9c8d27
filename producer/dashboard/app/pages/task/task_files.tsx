/** The files of a task's workspace. */
import { useState } from "preact/hooks";
import { saveResponse } from "../../data/downloads.ts";
import type { Task, WorkspaceFile } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { Loading } from "../../parts/feedback.tsx";
import { Panel } from "../../parts/layout.tsx";
import { Table } from "../../parts/table.tsx";
import { bytes } from "../../text/format.ts";
import { visibleLine } from "../../text/visible.ts";
import { isLive } from "./is_live.ts";

const eachMs = 4_000;

/** Nothing if there are no files, or if they cannot be read. */
export function TaskFiles({ task }: { task: Task }) {
  const [message, setMessage] = useState<string | null>(null);
  const polled = usePolled(
    "GET /v1/tasks/:id/files",
    { id: task.id },
    isLive(task) ? { eachMs } : {},
  );
  if (polled.value === null && polled.problem !== null) return null;
  if (polled.value?.files.length === 0) return null;
  const download = async ({ path }: WorkspaceFile) => {
    const name = path.split("/").at(-1) ?? "file";
    setMessage(await saveResponse(name, "GET /v1/tasks/:id/files/*", { id: task.id, path }));
  };
  return (
    <Panel title="Files" note={message ?? "the current workspace"} flush>
      {polled.value === null ? (
        <Loading />
      ) : (
        <FileTable files={polled.value.files} download={(file) => void download(file)} />
      )}
    </Panel>
  );
}

interface FileTableProps {
  files: readonly WorkspaceFile[];
  download: (file: WorkspaceFile) => void;
}

function FileTable({ files, download }: FileTableProps) {
  return (
    <Table label="Files" columns={[["Path", "wide"], ["Size", "number"], "SHA-256", ""]}>
      {files.map((file) => (
        <tr key={file.path}>
          <td class="wide">
            <code>{visibleLine(file.path, 200)}</code>
          </td>
          <td class="number nowrap">{bytes(file.bytes)}</td>
          <td>
            <code title={file.sha256}>{file.sha256.slice(0, 12)}</code>
          </td>
          <td class="number">
            <button
              type="button"
              class="small"
              aria-label={`Download ${visibleLine(file.path, 200)}`}
              onClick={() => download(file)}
            >
              Download
            </button>
          </td>
        </tr>
      ))}
    </Table>
  );
}
