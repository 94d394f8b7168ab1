// Draws each chart from the specification beside it. Without this script the table below says the same.
for (const place of document.querySelectorAll("[data-chart]")) {
  const spec = JSON.parse(document.getElementById(place.dataset.chart).textContent);
  const style = getComputedStyle(document.body);
  const ink = style.color;
  spec.config = { ...spec.config, font: style.fontFamily, background: null, axis: { ...spec.config.axis, labelColor: ink, titleColor: ink }, legend: { labelColor: ink, titleColor: ink } };
  const draw = document.createElement("div");
  draw.style.width = "100%";
  place.append(draw);
  vegaEmbed(draw, spec, { ast: true, expr: vega.expressionInterpreter, actions: false, renderer: "svg" });
}
