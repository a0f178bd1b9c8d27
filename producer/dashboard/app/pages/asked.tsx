/** What the task was asked. Its files stand in it too, so it is fetched when somebody wants to see it. */
import { useState } from "preact/hooks";
import { count } from "../format.ts";
import { Part } from "../hostile.tsx";
import { Failed, Loading } from "../parts.tsx";
import { usePolled } from "../polling.ts";
import type { Spec } from "../shapes.ts";
import { readable, visibleLine } from "../visible.ts";

const filesMax = 20;

export function Asked({ id }: { id: string }) {
  const [open, setOpen] = useState(false);
  const read = usePolled("GET /v1/tasks/:id/spec", open ? { id } : null);
  return (
    <details
      class="panel panel-flush asked"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary class="fold">
        <h2>What it was asked</h2>
      </summary>
      {open && (
        <div class="asked-body">
          {read.value !== null ? (
            <Parts id={id} spec={read.value} />
          ) : read.problem === null ? (
            <Loading />
          ) : (
            <Failed problem={read.problem} />
          )}
        </div>
      )}
    </details>
  );
}

function Parts({ id, spec }: { id: string; spec: Spec }) {
  const { prompt, messages, input, files = {}, rehearsal, ...rest } = spec;
  const sent = Object.entries(files);
  return (
    <>
      {prompt !== undefined && <Part title="Prompt" text={prompt} name={`${id}.prompt.txt`} />}
      {messages !== undefined && (
        <Part title="Messages" text={readable(messages)} name={`${id}.messages.json`} />
      )}
      {input !== undefined && (
        <Part title="Input" text={readable(input)} name={`${id}.input.json`} />
      )}
      {sent.slice(0, filesMax).map(([file, content]) => (
        <Part
          key={file}
          title={`File ${visibleLine(file, 120)}`}
          text={"text" in content ? content.text : readable(content)}
          name={file.split("/").at(-1) ?? "file"}
        />
      ))}
      {sent.length > filesMax && <p class="note">{count(sent.length - filesMax)} more files</p>}
      {rehearsal !== undefined && (
        <Part
          title="What the scripted model says"
          text={readable(rehearsal)}
          name={`${id}.rehearsal.json`}
        />
      )}
      {Object.keys(rest).length > 0 && (
        <Part title="Settings" text={readable(rest)} name={`${id}.settings.json`} />
      )}
    </>
  );
}
