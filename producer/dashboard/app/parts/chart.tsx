/** Bars over time, drawn by uPlot. The same numbers are in its label, for screen readers. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { onThemeChange } from "../data/theme.ts";
import { type ChartSeries, chartHeight, chartOptions, stackSeries } from "./chart_options.ts";

interface ChartProps {
  title: string;
  /** The start of each bar, ISO 8601. */
  times: readonly string[];
  /** Stacked, the first at the bottom. */
  series: readonly ChartSeries[];
  format: (value: number) => string;
  /** Formats the time of a bar. */
  formatTime: (iso: string) => string;
}

export function Chart({ title, times, series, format, formatTime }: ChartProps) {
  const { place, hovered } = usePlot({ times, series, format, formatTime });
  const sums = series.map(({ values }) => values.reduce((sum, value) => sum + value, 0));
  const hoveredTime = hovered === null ? undefined : times[hovered];
  const texts = series.map(({ values }, n) =>
    format(hovered === null || hoveredTime === undefined ? (sums[n] ?? 0) : (values[hovered] ?? 0)),
  );
  const summary = series.map(({ name }, n) => `${name} ${format(sums[n] ?? 0)}`).join(", ");
  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-title">{title}</span>
        <span class="chart-when">
          {hoveredTime === undefined ? "in total" : formatTime(hoveredTime)}
        </span>
        {series.map(({ name, colour }, n) =>
          n > 0 && sums[n] === 0 ? null : (
            <span key={name} class="chart-key">
              <span class={`swatch swatch-${colour}`} />
              {name} <strong>{texts[n]}</strong>
            </span>
          ),
        )}
      </figcaption>
      <div ref={place} class="chart-place" role="img" aria-label={`${title}: ${summary}`} />
    </figure>
  );
}

/** Draws the chart into the element `place`; `hovered` is the index of the bar under the pointer. */
function usePlot({ times, series, format, formatTime }: Omit<ChartProps, "title">) {
  const place = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState<number | null>(null);
  const [themeChanges, setThemeChanges] = useState(0);
  useEffect(() => onThemeChange(() => setThemeChanges((count) => count + 1)), []);
  const names = series.map(({ name }) => name).join(" ");
  const data = useMemo(() => stackSeries(times, series), [times, series]);
  const plot = useRef<uPlot | null>(null);
  const latestFormat = useRef(format);
  latestFormat.current = format;

  // A change of the series or the theme redraws the chart; a change of values only updates its data.
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const options = chartOptions(element, {
      series,
      format: (value) => latestFormat.current(value),
      formatTime,
      onHover: setHovered,
    });
    const newPlot = new uPlot(options, data, element);
    plot.current = newPlot;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0)
        newPlot.setSize({ width: element.clientWidth, height: chartHeight });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      newPlot.destroy();
      plot.current = null;
    };
  }, [names, themeChanges]);

  useEffect(() => plot.current?.setData(data), [data]);
  return { place, hovered };
}
