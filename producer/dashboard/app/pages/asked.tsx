/** What the task was asked. Its files stand in it too, so it is fetched when somebody wants to see it. */
import { useState } from "preact/hooks";
import { Part } from "../hostile.tsx";
import { Failed, Loading } from "../parts.tsx";
import { usePolled } from "../polling.ts";
import type { Spec } from "../shapes.ts";
import { readable } from "../visible.ts";

export function Asked({ id, path }: { id: string; path: string }) {
  const [open, setOpen] = useState(false);
  const read = usePolled<Spec>(open ? `${path}/spec` : null);
  return (
    <details
      class="panel panel-flush asked"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary class="fold">
        <h2>What it was asked</h2>
      </summary>
      <div class="asked-body">
        {read.value !== null ? (
          <Parts id={id} spec={read.value} />
        ) : read.problem === null ? (
          <Loading />
        ) : (
          <Failed problem={read.problem} />
        )}
      </div>
    </details>
  );
}

function Parts({ id, spec }: { id: string; spec: Spec }) {
  const { prompt, messages, input, files, ...rest } = spec;
  return (
    <>
      {prompt !== undefined && <Part title="Prompt" text={prompt} name={`${id}.prompt.txt`} />}
      {messages !== undefined && (
        <Part title="Messages" text={readable(messages)} name={`${id}.messages.json`} />
      )}
      {input !== undefined && (
        <Part title="Input" text={readable(input)} name={`${id}.input.json`} />
      )}
      {files !== undefined && (
        <Part title="Files as sent" text={readable(files)} name={`${id}.files.json`} />
      )}
      {Object.keys(rest).length > 0 && (
        <Part title="Settings" text={readable(rest)} name={`${id}.settings.json`} />
      )}
    </>
  );
}
