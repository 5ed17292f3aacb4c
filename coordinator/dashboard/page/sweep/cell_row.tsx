import type { CellDetail } from "../../messages.ts";
import { measured } from "../parts/format.ts";

/** The row of the results, column by column. */
export function CellRow({ row }: { readonly row: NonNullable<CellDetail["row"]> }) {
  return (
    <details>
      <summary>Its row in the results</summary>
      <table class="row-values">
        <tbody>
          {Object.entries(row).map(([column, value]) => (
            <tr key={column}>
              <th scope="row">{column}</th>
              <td>{written(value)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function written(value: number | string | boolean | null): string {
  if (value === null) return "–";
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return measured(value, 8);
}
