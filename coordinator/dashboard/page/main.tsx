import { render } from "preact";
import "./style.css";

render(<h1>phasesweep</h1>, document.getElementById("page")!);
