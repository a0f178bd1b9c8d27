/** The request of a task. It contains the files that were sent, so it is read only when opened. */
import { useState } from "preact/hooks";
import type { Spec } from "../../data/responses.ts";
import { usePolled } from "../../data/use_polled.ts";
import { Loaded } from "../../parts/feedback.tsx";
import { UntrustedSection } from "../../parts/untrusted_text.tsx";
import { count } from "../../text/format.ts";
import { formatValue, visibleLine } from "../../text/visible.ts";

const filesMax = 20;

export function TaskRequest({ id }: { id: string }) {
  const [isOpen, setOpen] = useState(false);
  const spec = usePolled("GET /v1/tasks/:id/spec", isOpen ? { id } : null);
  return (
    <details
      class="panel panel-flush asked"
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary class="fold">
        <h2>Request</h2>
      </summary>
      {isOpen && (
        <div class="asked-body">
          <Loaded polled={spec}>{(value) => <SpecSections id={id} spec={value} />}</Loaded>
        </div>
      )}
    </details>
  );
}

function SpecSections({ id, spec }: { id: string; spec: Spec }) {
  const { prompt, messages, input, files = {}, rehearsal, ...settings } = spec;
  const fileEntries = Object.entries(files);
  return (
    <>
      <Section title="Prompt" value={prompt} file={`${id}.prompt.txt`} />
      <Section title="Messages" value={messages} file={`${id}.messages.json`} />
      <Section title="Input" value={input} file={`${id}.input.json`} />
      {fileEntries.slice(0, filesMax).map(([path, content]) => (
        <Section
          key={path}
          title={`File ${visibleLine(path, 120)}`}
          value={"text" in content ? content.text : content}
          file={path.split("/").at(-1) ?? "file"}
        />
      ))}
      {fileEntries.length > filesMax && (
        <p class="note">{count(fileEntries.length - filesMax)} more files</p>
      )}
      <Section title="Model script" value={rehearsal} file={`${id}.rehearsal.json`} />
      {Object.keys(settings).length > 0 && (
        <Section title="Settings" value={settings} file={`${id}.settings.json`} />
      )}
    </>
  );
}

interface SectionProps {
  title: string;
  value: unknown;
  file: string;
}

/** Nothing if the request does not have the field. */
function Section({ title, value, file }: SectionProps) {
  if (value === undefined) return null;
  return <UntrustedSection title={title} text={formatValue(value)} file={file} />;
}
