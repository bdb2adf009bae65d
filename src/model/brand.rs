//! How the pages look: a name, a colour, a picture.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brand {
    pub name: String,
    pub color: Color,
    /// `None`: Bulla's own.
    pub logo: Option<Logo>,
}

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

/// A picture of at most 256 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    pub media_type: &'static str,
    pub content: Vec<u8>,
    /// Of its content: another picture has another.
    pub tag: String,
}

/// The message completes the sentence "BULLA_BRAND_COLOR …".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be like #a3441c, in hexadecimal RGB")]
pub struct InvalidColor;

/// The message completes the sentence "BULLA_BRAND_LOGO …".
#[derive(Debug, thiserror::Error)]
pub enum InvalidLogo {
    #[error("cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("must be a picture whose name ends in .svg, .png, .jpg or .webp")]
    Kind,
    #[error("must not be larger than 256 KiB; a logo is shown 40 pixels high")]
    TooLarge,
}

const LARGEST_LOGO_BYTES: u64 = 256 * 1024;
/// WCAG 2.2 §1.4.3 wants 4.5; a little more is left for tinted backgrounds.
const READABLE: f64 = 5.5;

impl Default for Brand {
    fn default() -> Self {
        Self { name: "Bulla".to_owned(), color: Color([0xa3, 0x44, 0x1c]), logo: None }
    }
}

impl Color {
    const WHITE: Self = Self([0xff; 3]);
    const BLACK: Self = Self([0; 3]);
    /// What the pages are painted on.
    pub const LIGHT_PAGE: Self = Self([0xfa, 0xf6, 0xf1]);
    pub const DARK_PAGE: Self = Self([0x17, 0x13, 0x10]);

    /// `#rrggbb`, or without the `#`, where a shell or `.env` takes it for the beginning of a comment.
    pub fn parse(text: &str) -> Result<Self, InvalidColor> {
        let digits = text.strip_prefix('#').unwrap_or(text);
        if digits.len() != 6 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(InvalidColor);
        }
        let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| InvalidColor);
        Ok(Self([channel(0)?, channel(2)?, channel(4)?]))
    }

    /// Itself, or the nearest darker or lighter shade that is readable as text on `page`.
    pub fn readable_on(self, page: Self) -> Self {
        let toward = if page.luminance() > 0.5 { Self::BLACK } else { Self::WHITE };
        let mut shades = (0..=100).map(|percent| self.mixed(toward, percent));
        // The last shade is black, which is readable on a light page, or white, which is on a dark one.
        shades.find(|shade| shade.contrast(page) >= READABLE).unwrap_or(toward)
    }

    /// From 1 to 21 (WCAG 2.2, "contrast ratio").
    fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance() + 0.05, other.luminance() + 0.05);
        one.max(two) / one.min(two)
    }

    /// From 0 to 1 (WCAG 2.2, "relative luminance").
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    fn mixed(self, other: Self, percent: u16) -> Self {
        let channel = |at: usize| {
            let mixed = u16::from(self.0[at]) * (100 - percent) + u16::from(other.0[at]) * percent;
            u8::try_from(mixed / 100).unwrap_or(u8::MAX)
        };
        Self([channel(0), channel(1), channel(2)])
    }
}

impl std::fmt::Display for Color {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

impl Logo {
    pub fn read(path: &Path) -> Result<Self, InvalidLogo> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
        let media_type = match ending.as_str() {
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "jpg" | "jpeg" => "image/jpeg",
            "webp" => "image/webp",
            _ => return Err(InvalidLogo::Kind),
        };
        if std::fs::metadata(path)?.len() > LARGEST_LOGO_BYTES {
            return Err(InvalidLogo::TooLarge);
        }
        let content = std::fs::read(path)?;
        Ok(Self { media_type, tag: content_tag(&content), content })
    }
}

/// An entity tag (RFC 9110 §8.8.3), quotes included.
pub fn content_tag(content: &[u8]) -> String {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest(&SHA256, content).as_ref()[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_is_six_hexadecimal_digits() {
        for text in ["#A3441c", "a3441C"] {
            assert_eq!(Color::parse(text).map(|color| color.to_string()), Ok("#a3441c".to_owned()));
        }
        for text in ["", "#fff", "#a3441", "#a3441cc", "#+a+b+c", "#a3441ü", "red", "#gggggg"] {
            assert_eq!(Color::parse(text), Err(InvalidColor), "{text:?}");
        }
    }

    #[test]
    fn a_readable_color_stays_and_any_other_becomes_readable() {
        let clay = Brand::default().color;
        assert_eq!(clay.readable_on(Color::LIGHT_PAGE), clay);
        for text in ["#ffff00", "#ffffff", "#000000", "#777777", "#0000ff", "#a3441c"] {
            for page in [Color::LIGHT_PAGE, Color::DARK_PAGE] {
                let shade = Color::parse(text).unwrap().readable_on(page);
                assert!(shade.contrast(page) >= READABLE, "{text} on {page} became {shade}");
            }
        }
    }

    #[test]
    fn contrast_is_what_wcag_says() {
        assert!((Color::BLACK.contrast(Color::WHITE) - 21.0).abs() < 1e-9);
        assert!((Color([0x76; 3]).contrast(Color::WHITE) - 4.54).abs() < 0.01);
    }
}
