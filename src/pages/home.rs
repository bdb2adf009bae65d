//! `/`: where people register, log in, and look after their account. The programs in `home/` bring it to life.

use maud::{Markup, html};

use super::{Page, Parts, brand_link};
use crate::model::{Brand, PasswordPolicy};

pub fn home(brand: &Brand, policy: &PasswordPolicy) -> Page {
    let is_branded = *brand != Brand::default();
    let body = html! {
        a.skip href="#content" { "Skip to content" }
        header.top {
            (brand_link(".", &brand.name))
            nav aria-label="Account" {
                span data-for="strangers" hidden { a href="#log-in" { "Log in" } a href="#register" { "Create account" } }
                span data-for="people" hidden {
                    a href="#profile" { "Profile" } a href="#sessions" { "Sessions" } a href="#password" { "Password" }
                    button.link type="button" data-action="log-out" { "Log out" }
                }
            }
        }
        div.columns {
            main id="content" tabindex="-1" data-min-length=(policy.min_length) {
                noscript { (notice("This page seals passwords before they leave your browser, which takes JavaScript. Allow it for this site and load the page again.")) }
                p.notice id="notice" role="alert" hidden {}
                (log_in(brand)) (register(brand)) (profile()) (sessions()) (password())
            }
            (exchange(!is_branded))
        }
        footer {
            @if is_branded {
                span { "Passwords are sealed before they leave this page." }
            } @else {
                a href="docs" { "API" } a href="openapi.json" { "OpenAPI" } a href=".well-known/jwks.json" { "Keys" }
            }
        }
        p.unseen id="announcement" role="status" {}
    };
    Page::render(&Parts { title: &brand.name, brand, style: include_str!("home/home.css"), has_scripts: true, body })
}

fn log_in(brand: &Brand) -> Markup {
    view(
        "log-in",
        "Log in",
        &html! {
            p.lead { "Welcome to " (brand.name) "." }
            form method="post" novalidate {
                (email("log-in"))
                (secret(&Secret { view: "log-in", name: "password", label: "Password", autocomplete: "current-password", is_new: false }))
                (submit("Log in", "Sealing and sending…"))
            }
            p.aside { "New here? " a href="#register" { "Create an account" } }
        },
    )
}

fn register(brand: &Brand) -> Markup {
    view(
        "register",
        "Create an account",
        &html! {
            p.lead { "One account for everything at " (brand.name) "." }
            form method="post" novalidate {
                (name("register"))
                (email("register"))
                (secret(&Secret { view: "register", name: "password", label: "Password", autocomplete: "new-password", is_new: true }))
                (submit("Create account", "Sealing and sending…"))
            }
            p.aside { "Have an account? " a href="#log-in" { "Log in" } }
        },
    )
}

fn profile() -> Markup {
    view(
        "profile",
        "Profile",
        &html! {
            dl.facts {
                div { dt { "Email" } dd data-user="email" {} }
                div { dt { "Member since" } dd data-user="created_at" {} }
                div { dt { "Account id" } dd { code data-user="id" {} } }
            }
            form method="post" novalidate {
                (name("profile"))
                (submit("Save", "Saving…"))
            }
        },
    )
}

fn sessions() -> Markup {
    view(
        "sessions",
        "Sessions",
        &html! {
            p.lead { "Where you are logged in. An ended session is refused at once, everywhere." }
            ul.sessions id="session-list" {}
            p { button.danger type="button" data-action="end-all" { "Log out everywhere" } }
            dialog id="end-all" aria-labelledby="end-all-title" {
                h2 id="end-all-title" { "Log out everywhere?" }
                p { "Every session of this account ends, this one too." }
                div.choices {
                    button.danger type="button" data-action="end-all-really" { "Log out everywhere" }
                    button.quiet type="button" data-action="end-all-not" autofocus { "Cancel" }
                }
            }
        },
    )
}

fn password() -> Markup {
    view(
        "password",
        "Change password",
        &html! {
            p.lead { "Every other session ends when the password changes." }
            form method="post" novalidate {
                // Tells password managers whose password this is.
                input.unseen type="email" name="email" autocomplete="username" data-user="email" tabindex="-1" aria-hidden="true" readonly;
                (secret(&Secret { view: "password", name: "current_password", label: "Current password", autocomplete: "current-password", is_new: false }))
                (secret(&Secret { view: "password", name: "new_password", label: "New password", autocomplete: "new-password", is_new: true }))
                (submit("Change password", "Sealing and sending…"))
            }
        },
    )
}

/// The panel that shows what left the browser; closed where people come for something else.
fn exchange(is_open: bool) -> Markup {
    html! {
        aside.exchange aria-labelledby="exchange-title" {
            details open[is_open] {
                summary { h2 id="exchange-title" { "What just happened" } }
                p id="exchange-empty" {
                    "Nothing was sent yet. When you log in, this shows the envelope that leaves your browser in place of your password: "
                    "sealed to a key that only the server can open, good for one use within five minutes."
                }
                ol id="exchange-steps" {}
            }
        }
    }
}

/// One of the things that the page can be; its heading takes the focus when it becomes that.
fn view(id: &str, title: &str, content: &Markup) -> Markup {
    html! {
        section.view data-view=(id) aria-labelledby=(format!("{id}-title")) hidden {
            h1 id=(format!("{id}-title")) tabindex="-1" { (title) }
            (content)
        }
    }
}

fn name(view: &str) -> Markup {
    let id = format!("{view}-name");
    html! {
        div.field {
            label for=(id) { "Name" }
            input id=(id) name="name" type="text" autocomplete="name" required aria-describedby=(format!("{id}-error"));
            (error(&id))
        }
    }
}

fn email(view: &str) -> Markup {
    let id = format!("{view}-email");
    html! {
        div.field {
            label for=(id) { "Email" }
            input id=(id) name="email" type="email" inputmode="email" autocomplete="username" autocapitalize="none" spellcheck="false" required aria-describedby=(format!("{id}-error"));
            (error(&id))
        }
    }
}

struct Secret<'s> {
    view: &'s str,
    name: &'s str,
    label: &'s str,
    autocomplete: &'s str,
    /// Being chosen now, so worth a hint on its strength.
    is_new: bool,
}

fn secret(Secret { view, name, label, autocomplete, is_new }: &Secret<'_>) -> Markup {
    let id = format!("{view}-{name}");
    let described_by = if *is_new { format!("{id}-hint {id}-error") } else { format!("{id}-error") };
    html! {
        div.field {
            label for=(id) { (label) }
            div.secret {
                input id=(id) name=(name) type="password" autocomplete=(autocomplete) autocapitalize="none" spellcheck="false" required aria-describedby=(described_by) data-new[*is_new];
                button.show type="button" aria-controls=(id) aria-pressed="false" aria-label=(format!("Show {}", label.to_lowercase())) { "Show" }
            }
            @if *is_new {
                progress id=(format!("{id}-meter")) max="100" value="0" aria-hidden="true" {}
                p.hint id=(format!("{id}-hint")) {}
            }
            (error(&id))
        }
    }
}

fn submit(label: &str, meanwhile: &str) -> Markup {
    html! {
        p.refusal role="alert" hidden {}
        button.primary type="submit" data-meanwhile=(meanwhile) { (label) }
    }
}

fn error(id: &str) -> Markup {
    html! { p.error id=(format!("{id}-error")) hidden {} }
}

fn notice(text: &str) -> Markup {
    html! { p.notice { (text) } }
}
