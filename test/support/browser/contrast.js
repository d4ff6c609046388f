// Runs in a page: measures the contrast of each text to its background. WCAG 2.2, 1.4.3.

(() => {
  const parse = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return { red, green, blue, alpha };
  };
  const over = (top, bottom) => {
    const mix = (name) => top[name] * top.alpha + bottom[name] * (1 - top.alpha);
    return { red: mix('red'), green: mix('green'), blue: mix('blue'), alpha: 1 };
  };
  const luminance = ({ red, green, blue }) => {
    const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  };
  const ratio = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  // The browser's default background.
  const canvas = () => {
    const probe = document.createElement('div');
    probe.style.backgroundColor = 'canvas';
    document.body.append(probe);
    const colour = parse(getComputedStyle(probe).backgroundColor);
    probe.remove();
    return colour;
  };
  const measure = (element, bottom) => {
    const chain = [];
    for (let one = element; one; one = one.parentElement) chain.unshift(one);
    let behind = bottom;
    let opacity = 1;
    for (const one of chain) {
      const style = getComputedStyle(one);
      opacity *= Number(style.opacity);
      behind = over(parse(style.backgroundColor), behind);
    }
    const ink = parse(getComputedStyle(element).color);
    return ratio(over({ ...ink, alpha: ink.alpha * opacity }, behind), behind);
  };
  const isSeen = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 1 && height > 1 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  };

  const bottom = canvas();
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode;
    if (data.trim() === '' || ['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(parentElement.tagName) || !isSeen(parentElement))
      continue;
    found.push({ text: data.trim().slice(0, 60), contrast: measure(parentElement, bottom) });
  }
  for (const field of document.querySelectorAll('input')) {
    if (isSeen(field)) found.push({ text: `input ${field.id}`, contrast: measure(field, bottom) });
  }
  return found;
})();
