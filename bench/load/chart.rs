//! Bars, one a server, for readers in light and in dark.

use std::fmt::Write;

use crate::stage::Failure;

pub struct Bar {
    pub title: String,
    pub detail: String,
    pub value: f64,
    pub is_ours: bool,
}

pub struct Palette {
    text: &'static str,
    quiet: &'static str,
    ours: &'static str,
    theirs: &'static str,
}

pub const LIGHT: Palette = Palette { text: "#1f2328", quiet: "#59636e", ours: "#b4532a", theirs: "#c9cfd6" };
pub const DARK: Palette = Palette { text: "#e6edf3", quiet: "#9198a1", ours: "#e08a5b", theirs: "#3d444d" };

const WIDTH: f64 = 760.0;
const LEFT: f64 = 270.0;
const RIGHT: f64 = 70.0;
const ROW: f64 = 40.0;
const TOP: f64 = 56.0;

pub fn draw(heading: &str, bars: &[Bar], palette: &Palette) -> Result<String, Failure> {
    let Palette { text, quiet, ours, theirs } = palette;
    let most = bars.iter().map(|bar| bar.value).fold(1.0, f64::max);
    let height = TOP + ROW * bars.len() as f64 + 8.0;
    let mut svg = String::new();
    writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" role=\"img\" aria-label=\"{heading}\">"
    )?;
    writeln!(svg, "<text x=\"0\" y=\"24\" font-size=\"18\" font-weight=\"600\" fill=\"{text}\">{heading}</text>")?;
    for (place, bar) in bars.iter().enumerate() {
        let (y, width) = (TOP + ROW * place as f64, (WIDTH - LEFT - RIGHT) * bar.value / most);
        let colour = if bar.is_ours { ours } else { theirs };
        let Bar { title, detail, value, .. } = bar;
        let end = LEFT + width;
        writeln!(svg, "<text x=\"0\" y=\"{}\" font-size=\"14\" fill=\"{text}\">{title}</text>", y + 14.0)?;
        writeln!(svg, "<text x=\"0\" y=\"{}\" font-size=\"11\" fill=\"{quiet}\">{detail}</text>", y + 28.0)?;
        writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{}\" width=\"{width:.1}\" height=\"22\" rx=\"3\" fill=\"{colour}\"/>",
            y + 4.0
        )?;
        writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" font-size=\"14\" fill=\"{text}\">{value:.0}</text>",
            end + 8.0,
            y + 20.0
        )?;
    }
    svg += "</svg>\n";
    Ok(svg)
}
