// The page is ready: it opens at the step, and with the numbers, that its link says.

const address = () => `#${at}${shown ? "." + shown : ""}${changes()}`;
window.addEventListener("resize", offerWhole);
window.addEventListener("hashchange", () => quiz || fromLink());
$("circuits").hidden = $("composite-key").hidden = data.circuits.length < 2;
document.body.classList.remove("still");
const opened = location.hash;
mode("walk");
if (opened) { try { history.replaceState(null, "", opened); } catch { /* inside a notebook */ } fromLink(); }
