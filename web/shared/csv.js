// Rows as a CSV file that spreadsheets open: UTF-8 with its mark, and cells that a spreadsheet would take for a formula
// are made text.

export function csv(names, rows, textOf) {
  const lines = [names.map(cell).join(",")];
  for (const row of rows) lines.push(names.map((name) => cell(typeof row[name] === "number" ? row[name] : textOf(row[name]))).join(","));
  return `\uFEFF${lines.join("\r\n")}\r\n`;
}

function cell(value) {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Hands the browser a file to keep. */
export function download(name, text, type = "text/csv;charset=utf-8") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
