// The one module that knows the map library: ground, pins, clusters. Other modules call these functions,
// so that another library means another version of this file only.

const L = window.L;

const PIN = `<svg viewBox="0 0 32 42" width="32" height="42" aria-hidden="true" focusable="false">
<path class="pin__body" d="M16 41C9 31 2 24 2 15.500a14 14 0 1 1 28 0C30 24 23 31 16 41z"/><circle class="pin__eye" cx="16" cy="15.500" r="5.500"/></svg>`;

export function pinIcon(kind = "") {
  return L.divIcon({ className: `pin ${kind ? `pin--${kind}` : ""}`, html: PIN, iconSize: [32, 42], iconAnchor: [16, 41] });
}

const rings = (geometry) => (geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates]);
const flip = (ring) => ring.map(([x, y]) => [y, x]);

function label(point, name, className) {
  return L.marker([point[1], point[0]], {
    icon: L.divIcon({ className, html: "", iconSize: null }),
    interactive: false,
    keyboard: false,
  }).on("add", (event) => { event.target.getElement().textContent = name; });
}

/** Hide names that would lie over another name; larger areas were added first and win. */
function thinOut(map) {
  const kept = [];
  for (const element of map.getContainer().querySelectorAll(".ground-label")) {
    element.classList.remove("ground-label--hidden");
    const box = element.getBoundingClientRect();
    const clash = kept.some((other) => box.left < other.right + 6 && box.right + 6 > other.left && box.top < other.bottom && box.bottom > other.top);
    if (clash) element.classList.add("ground-label--hidden");
    else kept.push(box);
  }
}

async function drawGround(map, address) {
  const answer = await fetch(address);
  const ground = await answer.json();
  const world = [[-90, -180], [-90, 180], [90, 180], [90, -180]];
  const outside = [world, ...rings(ground.border.geometry).map((polygon) => flip(polygon[0]))];
  const quiet = { interactive: false, smoothFactor: 0.5 };
  L.geoJSON(ground.border, { ...quiet, className: "ground-base" }).addTo(map);
  for (const district of ground.districts) {
    L.geoJSON(district, { ...quiet, className: "ground-district" }).addTo(map);
  }
  const fine = L.layerGroup();
  for (const area of ground.neighbourhoods) {
    L.geoJSON(area, { ...quiet, className: "ground-neighbourhood" }).addTo(fine);
    label(area.properties.label, area.properties.name, "ground-label ground-label--small").addTo(fine);
  }
  const coarse = L.layerGroup(ground.districts.map((district) => label(district.properties.label, district.properties.name, "ground-label")));
  L.polygon(outside, { ...quiet, className: "ground-outside" }).addTo(map);
  L.geoJSON(ground.border, { ...quiet, className: "ground-border" }).addTo(map);
  const choose = () => {
    const near = map.getZoom() >= 15;
    for (const [layer, wanted] of [[fine, near], [coarse, !near]]) {
      if (wanted && !map.hasLayer(layer)) map.addLayer(layer);
      if (!wanted && map.hasLayer(layer)) map.removeLayer(layer);
    }
  };
  map.on("zoomend", () => { choose(); thinOut(map); });
  choose();
  thinOut(map);
  return ground;
}

/** Make a map in an element that says in data attributes where it starts and which ground it shows. */
export function createMap(element, { centre, zoom, still = false } = {}) {
  const start = (element.dataset.centre ?? "0,0").split(",").map(Number);
  const map = L.map(element, {
    center: centre ?? [start[1], start[0]],
    zoom: zoom ?? Number(element.dataset.zoom ?? 13),
    minZoom: 10,
    maxZoom: 19,
    zoomControl: false,
    attributionControl: false,
    dragging: !still,
    keyboard: !still,
    scrollWheelZoom: !still,
    doubleClickZoom: !still,
    touchZoom: !still,
    boxZoom: false,
    zoomAnimation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
  });
  L.control.attribution({ prefix: false }).addAttribution("Kaartgegevens © CBS / Kadaster (CC BY 4.0)").addTo(map);
  if (!still) L.control.zoom({ zoomInTitle: element.dataset.zoomIn ?? "+", zoomOutTitle: element.dataset.zoomOut ?? "−" }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  if (still) element.removeAttribute("tabindex");
  if (element.dataset.label) {
    element.setAttribute("role", still ? "img" : "application");
    element.setAttribute("aria-label", element.dataset.label);
  }
  drawGround(map, element.dataset.ground).finally(() => { element.dataset.state = "idle"; });
  return map;
}

export function addPin(map, [longitude, latitude], { kind = "", title = "", keyboard = false } = {}) {
  return L.marker([latitude, longitude], { icon: pinIcon(kind), alt: title, title, keyboard, interactive: keyboard }).addTo(map);
}

/** What the map shows now: west, south, east, north in degrees. */
export function visibleBox(map) {
  const shown = map.getBounds();
  return [shown.getWest(), shown.getSouth(), shown.getEast(), shown.getNorth()];
}

/** A layer for one area that somebody is choosing, as GeoJSON; it lies above the ground, which comes later. */
export function createSketch(map) {
  map.createPane("sketch").style.zIndex = 450;
  const style = { interactive: false, className: "sketch", pane: "sketch" };
  const pointToLayer = (_feature, place) => L.circleMarker(place, { ...style, radius: 7 });
  const layer = L.geoJSON(null, { ...style, pointToLayer }).addTo(map);
  return {
    show(geometry) {
      layer.clearLayers();
      if (geometry) layer.addData(geometry);
    },
    fit() {
      if (layer.getLayers().length) map.fitBounds(layer.getBounds(), { padding: [24, 24] });
    },
  };
}

/** A layer of points that join into numbered groups when they are close together. */
export function createClusters(map) {
  const layer = L.markerClusterGroup({
    showCoverageOnHover: false,
    maxClusterRadius: 50,
    animate: false,
    chunkedLoading: true,
    iconCreateFunction: (cluster) => L.divIcon({
      className: "cluster",
      html: `<span>${cluster.getChildCount()}</span>`,
      iconSize: [40, 40],
    }),
  });
  map.addLayer(layer);
  return {
    replace(points) {
      layer.clearLayers();
      layer.addLayers(points.map(({ position, kind, title, onOpen }) => {
        const marker = L.marker([position[1], position[0]], { icon: pinIcon(kind), alt: title, title });
        marker.on("click keypress", (event) => {
          if (event.type === "click" || event.originalEvent.key === "Enter") onOpen?.();
        });
        return marker;
      }));
    },
  };
}
