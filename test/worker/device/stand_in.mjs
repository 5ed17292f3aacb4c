// Stands in for the process of a device: the backend that it is given says what it does.
const [how] = process.argv.slice(2);
const about = { name: `stand-in ${how}`, isSoftware: true, numeric_classes: ["float32-webgpu"] };

if (how === "dies-at-start") process.kill(process.pid, "SIGKILL");
if (how === "is-unusable") {
  process.send({ type: "unusable", reason: "no such device" });
  process.disconnect();
} else if (how !== "never-ready") {
  process.send({ type: "ready", about });
}

process.on("message", (message) => {
  if (message.type === "wanted") {
    if (how !== "stops") return;
    // Stops where it is told to; until then it tells again and again of its first cell.
    if (message.cells < 10) finish(message.id, message.cells);
    else setTimeout(() => progress(message.id), 10);
    return;
  }
  const { id, cell_count } = message;
  if (how === "crashes") process.kill(process.pid, "SIGSEGV");
  else if (how === "hangs") return;
  else if (how === "throws") process.send({ type: "failed", id, error: "no such shape" });
  else if (how === "stops") progress(id);
  else finish(id, cell_count);
});

function progress(id) {
  process.send({ type: "progress", id, cells: 1, busy_ms: 7.5 });
}

function finish(id, cells) {
  const bytes = new Uint8Array([1, 2, 3]);
  const result = {
    cells,
    bytes,
    sha256: "x",
    phases: [cells],
    started_ms: 1,
    compute_ms: 2,
    slot: 0,
  };
  process.send({ type: "done", id, result });
}
