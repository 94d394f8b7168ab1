// Lets people look closer: buttons, keys (+ - 0 and arrows), and the mouse. Without this script the map is whole.
for (const figure of document.querySelectorAll("[data-map]")) {
  const sheet = figure.querySelector(".sheet");
  const map = sheet.querySelector("svg.map");
  const whole = map.getAttribute("viewBox").split(" ").map(Number);
  let [x, y, wide, high] = whole;
  const show = (left, top, width) => {
    wide = Math.min(whole[2], Math.max(whole[2] / 64, width));
    high = (wide / whole[2]) * whole[3];
    x = Math.min(whole[0] + whole[2] - wide, Math.max(whole[0], left));
    y = Math.min(whole[1] + whole[3] - high, Math.max(whole[1], top));
    map.setAttribute("viewBox", [x, y, wide, high].join(" "));
  };
  const zoom = (times) => show(x + (wide - wide / times) / 2, y + (high - high / times) / 2, wide / times);
  const reset = () => show(whole[0], whole[1], whole[2]);
  const move = (right, down) => show(x + right * wide, y + down * high, wide);

  const tools = document.createElement("div");
  tools.className = "tools";
  for (const [sign, told, act] of [["+", "closer", () => zoom(2)], ["−", "farther", () => zoom(0.5)], [figure.dataset.whole, "whole", reset]]) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: sign, title: figure.dataset[told], onclick: act });
    button.setAttribute("aria-label", figure.dataset[told]);
    tools.append(button);
  }
  sheet.append(tools);

  const keys = { "+": () => zoom(2), "=": () => zoom(2), "-": () => zoom(0.5), 0: reset, ArrowLeft: () => move(-0.2, 0), ArrowRight: () => move(0.2, 0), ArrowUp: () => move(0, -0.2), ArrowDown: () => move(0, 0.2) };
  sheet.tabIndex = 0;
  sheet.setAttribute("role", "group");
  sheet.setAttribute("aria-label", map.querySelector("title").textContent);
  sheet.addEventListener("keydown", (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  let from = null;
  map.addEventListener("pointerdown", (event) => {
    from = [event.clientX, event.clientY, x, y];
    map.setPointerCapture(event.pointerId);
  });
  map.addEventListener("pointermove", (event) => {
    if (!from) return;
    const unit = 1 / map.getScreenCTM().a;
    show(from[2] - (event.clientX - from[0]) * unit, from[3] - (event.clientY - from[1]) * unit, wide);
  });
  for (const end of ["pointerup", "pointercancel"]) map.addEventListener(end, () => (from = null));
  map.addEventListener("dblclick", () => zoom(2));
}
