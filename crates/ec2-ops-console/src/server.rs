//! The server: who may ask, and what answers.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ec2_ops::document::Place as TextPlace;
use ec2_ops_client::{Client, Error};
use ec2_ops_sandbox::http::{Limits, Severed, guard, serve};
use ec2_ops_sandbox::lock;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::net::TcpListener;

use crate::backstage::Backstage;
use crate::board::{self, Board};
use crate::execution::{self, Watched};
use crate::pace::Rhythm;
use crate::pages::editor::{self, Draft};
use crate::pages::executions::{self, Filter};
use crate::pages::single::View;
use crate::pages::{self, Frame, state};
use crate::reply::{self, Reply};
use crate::streams;
use crate::token::Token;
use crate::words::in_url;

/// The largest request, in bytes: a document has at most 256 KiB, and a form triples some characters.
const LARGEST: usize = 1024 * 1024;
/// How long a page waits for news before it is shown with what is known, and if nothing is known.
const PATIENCE: [Duration; 2] = [Duration::from_millis(40), Duration::from_millis(120)];
/// How many executions are kept in memory.
const KEPT: usize = 64;

const CSS: &str = include_str!("assets/console.css");
const SCRIPT: &str = include_str!("assets/console.js");
const ICON: &str = include_str!("assets/icon.svg");

/// The console of a deployment, on a port of this machine.
pub struct Console {
    listener: TcpListener,
    shared: Arc<Shared>,
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) frame: Frame,
    pub(crate) backstage: Option<Backstage>,
    pub(crate) board: Arc<Mutex<Board>>,
    /// By ARN, the one that was looked at last at the end.
    executions: Mutex<Vec<(String, Arc<Mutex<Watched>>)>>,
    token: Token,
    address: SocketAddr,
    /// Tells this start from others.
    pub(crate) boot: String,
}

impl Console {
    /// Takes `port`, or any free one for 0. With `backstage` it shows what only a sandbox knows.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn bind(port: u16, client: Client, backstage: Option<Backstage>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let boot = format!("{:08x}", fastrand::u32(..));
        let frame = Frame { place: client.place(), sandbox: backstage.is_some(), assets: boot.clone() };
        if let Some(backstage) = &backstage {
            backstage.journal.keep();
        }
        let shared = Shared {
            client,
            frame,
            backstage,
            board: Arc::default(),
            executions: Mutex::default(),
            token: Token::random(address.port())?,
            address,
            boot,
        };
        Ok(Self { listener, shared: Arc::new(shared) })
    }

    /// The URL that opens it. It has the token.
    pub fn url(&self) -> String {
        format!("http://{}/?token={}", self.shared.address, self.shared.token.secret())
    }

    /// Serves, as long as the future is polled.
    pub async fn serve(self) {
        let shared = self.shared;
        serve(self.listener, Limits::default(), move |request| {
            let shared = Arc::clone(&shared);
            async move { Ok::<_, Severed>(shared.receive(request).await) }
        })
        .await;
    }
}

/// Waits a little for news. Whatever takes longer comes with the events of the page.
async fn patient(
    nothing_known: bool,
    news: impl Future<Output = Result<(), Error>> + Send + 'static,
) -> Result<(), Error> {
    // It is a task of its own, so it goes on when the wait is over.
    match tokio::time::timeout(PATIENCE[usize::from(nothing_known)], tokio::spawn(news)).await {
        Ok(Ok(found)) => found,
        // It is not ready, or has panicked, which the next look shows.
        Ok(Err(_)) | Err(_) => Ok(()),
    }
}

/// A form, or the query of a URL.
struct Form(HashMap<String, String>);

impl Form {
    fn of(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.get(name)?.parse().ok()
    }
}

impl Shared {
    /// Answers a request: first whether it may ask at all.
    async fn receive(self: Arc<Self>, request: Request<Incoming>) -> Reply {
        let (parts, body) = request.into_parts();
        if let Err(refused) = guard::check(&parts, self.address) {
            return self.message(StatusCode::FORBIDDEN, "Refused", &refused.message);
        }
        let path = parts.uri.path().to_owned();
        if let Some(asset) = asset(&path) {
            return asset;
        }
        let query = Form::of(parts.uri.query().unwrap_or_default().as_bytes());
        if query.get("token").is_some_and(|token| self.token.is(token)) {
            return reply::with_cookie(reply::see_other(&path), &self.token.set_cookie());
        }
        if !self.token.is_in(&parts.headers) {
            return reply::html(StatusCode::UNAUTHORIZED, pages::closed());
        }
        let segments: Vec<_> = path.split('/').skip(1).map(decoded).collect();
        let segments: Vec<_> = segments.iter().map(String::as_str).collect();
        // After a broken connection the browser says how far it came.
        let last = parts.headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let answered = match (&parts.method, body) {
            (&Method::GET, _) => self.get(&segments, &query, last).await,
            (&Method::POST, body) => match Limited::new(body, LARGEST).collect().await {
                Ok(body) => self.post(&segments, &body.to_bytes()).await,
                Err(error) => {
                    return self.message(StatusCode::PAYLOAD_TOO_LARGE, "Too large", &error.to_string());
                }
            },
            _ => Ok(None),
        };
        match answered {
            Ok(Some(reply)) => reply,
            Ok(None) => self.message(StatusCode::NOT_FOUND, "Not found", "There is no such page."),
            Err(Error::Usage(message)) if parts.method == Method::POST => {
                self.message(StatusCode::UNPROCESSABLE_ENTITY, "That was not done", &message)
            }
            Err(Error::Usage(message)) => self.message(StatusCode::NOT_FOUND, "Not found", &message),
            Err(error) => self.message(StatusCode::BAD_GATEWAY, "AWS did not answer", &error.to_string()),
        }
    }

    async fn get(
        self: &Arc<Self>,
        path: &[&str],
        query: &Form,
        last: Option<String>,
    ) -> Result<Option<Reply>, Error> {
        let ok = |markup| Ok(Some(reply::html(StatusCode::OK, markup)));
        match path {
            [""] => {
                let filter = filter(query);
                let nothing = lock(&self.board).rows().next().is_none();
                patient(nothing, board::refresh(Arc::clone(&self.board), self.client.clone(), self.rhythm()))
                    .await?;
                let board = lock(&self.board);
                let machine = self.client.state_machine_arn();
                ok(executions::executions(&self.frame, &board, &filter, machine, &self.boot))
            }
            ["rows"] => {
                let rest = executions::FIRST..usize::MAX;
                ok(executions::rows(&lock(&self.board), &filter(query), rest))
            }
            ["live"] => {
                let after = last.or(query.get("after").map(str::to_owned)).unwrap_or_default();
                Ok(Some(streams::board(Arc::clone(self), filter(query), &after)))
            }
            ["new"] => ok(editor::editor(&self.frame, &self.draft(query).await?)),
            ["sandbox"] => match &self.backstage {
                Some(backstage) => ok(pages::backstage::sandbox(&self.frame, backstage, "/sandbox/live")),
                None => Ok(None),
            },
            ["sandbox", "live"] => {
                Ok(self.backstage.clone().map(|backstage| streams::sandbox(Arc::clone(self), backstage)))
            }
            ["executions", name, rest @ ..] => self.execution(name, rest, query, last).await,
            _ => Ok(None),
        }
    }

    async fn execution(
        self: &Arc<Self>,
        name: &str,
        path: &[&str],
        query: &Form,
        last: Option<String>,
    ) -> Result<Option<Reply>, Error> {
        let entry = self.watched(name).await?;
        let chosen = query.number("attempt");
        if path == ["live"] {
            let after = last.or(query.get("after").map(str::to_owned)).unwrap_or_default();
            return Ok(Some(streams::execution(Arc::clone(self), entry, chosen, &after)));
        }
        let nothing = lock(&entry).story.last() == 0;
        patient(nothing, execution::refresh(Arc::clone(&entry), self.client.clone(), chosen, self.rhythm()))
            .await?;
        let watched = lock(&entry);
        let url = format!("/executions/{}", in_url(&watched.execution.name));
        let markup = match path {
            [] => self.view(&watched, chosen).page(&self.frame),
            ["events"] => state::event_rows(&watched, query.number("after").unwrap_or(0), &url),
            ["states", first] => {
                let Some(visit) = first.parse().ok().and_then(|first| watched.story.visit(first)) else {
                    return Ok(None);
                };
                state::state(&self.frame, &watched, visit)
            }
            _ => return Ok(None),
        };
        Ok(Some(reply::html(StatusCode::OK, markup)))
    }

    async fn post(&self, path: &[&str], body: &Bytes) -> Result<Option<Reply>, Error> {
        match path {
            ["check"] => {
                let form = Form::of(body);
                let cursor = form.number("line").zip(form.number("column"));
                let cursor = cursor.map(|(line, column)| TextPlace { line, column });
                let verdict = editor::verdict(form.get("document").unwrap_or_default(), cursor);
                Ok(Some(reply::html(StatusCode::OK, verdict)))
            }
            ["start"] => Ok(Some(self.start(&Form::of(body)).await)),
            ["executions", name, "stop"] => {
                let execution = self.client.find(name).await?;
                self.client.stop(&execution.arn).await?;
                Ok(Some(reply::see_other(&format!("/executions/{}", in_url(&execution.name)))))
            }
            ["executions", name, "instances", instance, action] => {
                let entry = self.watched(name).await?;
                let region = lock(&entry).region(&self.client).to_owned();
                match *action {
                    "stop" => self.client.stop_instance(&region, instance).await?,
                    "interrupt" => self.client.interrupt(instance).await?,
                    _ => return Ok(None),
                }
                Ok(Some(reply::see_other(&format!("/executions/{}", in_url(name)))))
            }
            ["faults"] => self.plan(&Form::of(body)),
            _ => Ok(None),
        }
    }

    /// Plans a fault of the sandbox.
    fn plan(&self, form: &Form) -> Result<Option<Reply>, Error> {
        let Some(backstage) = &self.backstage else { return Ok(None) };
        let fault = form.get("fault").unwrap_or_default().parse().map_err(Error::Usage)?;
        backstage.faults.add(fault);
        // Only to a page of this console.
        let back = form.get("back").filter(|back| back.starts_with('/') && !back.starts_with("//"));
        Ok(Some(reply::see_other(back.unwrap_or("/sandbox"))))
    }

    /// Starts what is in the editor, or shows it again with the reason why not.
    async fn start(&self, form: &Form) -> Reply {
        let (name, text) = (form.get("name").unwrap_or_default(), form.get("document").unwrap_or_default());
        let refused = match ec2_ops::document::check_text(text) {
            Err(problems) => format!("The document has {} problems; nothing was started.", problems.len()),
            // Step Functions keeps the document as it is sent.
            Ok(checked) => match self.client.start(name, &checked.document.to_string()).await {
                Ok(_) => return reply::see_other(&format!("/executions/{}", in_url(name))),
                Err(error) => error.to_string(),
            },
        };
        let draft = Draft { name: name.to_owned(), text: text.to_owned(), refused: Some(refused) };
        reply::html(StatusCode::UNPROCESSABLE_ENTITY, editor::editor(&self.frame, &draft))
    }

    async fn draft(&self, query: &Form) -> Result<Draft, Error> {
        if let Some(name) = query.get("from") {
            let execution = self.client.find(name).await?;
            let text = serde_json::to_string_pretty(&execution.document).unwrap_or_default();
            return Ok(Draft::new(&execution.name, text));
        }
        let example = Draft::example(query.get("example").unwrap_or("hello"));
        example.ok_or_else(|| Error::Usage("there is no such example".to_owned()))
    }

    /// The execution that is called so, with what is known of it.
    async fn watched(&self, name: &str) -> Result<Arc<Mutex<Watched>>, Error> {
        let is_called_so = |arn: &str| arn == name || arn.rsplit(':').next() == Some(name);
        let known = {
            let mut executions = lock(&self.executions);
            let known = executions.iter().position(|(arn, _)| is_called_so(arn));
            known.map(|index| {
                let entry = executions.remove(index);
                executions.push(entry.clone());
                entry.1
            })
        };
        if let Some(known) = known {
            return Ok(known);
        }
        let found = Watched::find(&self.client, name).await?;
        let arn = found.execution.arn.clone();
        let mut executions = lock(&self.executions);
        // Another request may have found it meanwhile.
        if let Some((_, known)) = executions.iter().find(|(known, _)| *known == arn) {
            return Ok(Arc::clone(known));
        }
        let entry = Arc::new(Mutex::new(found));
        executions.push((arn, Arc::clone(&entry)));
        if executions.len() > KEPT {
            executions.remove(0);
        }
        Ok(entry)
    }

    /// How often a look is worth it at the moment.
    pub(crate) fn rhythm(&self) -> Rhythm {
        Rhythm::of(&self.client, self.backstage.as_ref())
    }

    /// `watched` as its page shows it.
    pub(crate) fn view<'a>(&'a self, watched: &'a Watched, chosen: Option<u32>) -> View<'a> {
        View { watched, client: &self.client, chosen, backstage: self.backstage.as_ref() }
    }

    fn message(&self, status: StatusCode, title: &str, text: &str) -> Reply {
        reply::html(status, pages::message(&self.frame, title, text))
    }
}

fn filter(query: &Form) -> Filter {
    Filter { outcome: query.get("outcome").map(str::to_owned), name: query.get("name").map(str::to_owned) }
}

fn decoded(segment: &str) -> String {
    percent_encoding::percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// The files of the page, which are the same for everyone.
fn asset(path: &str) -> Option<Reply> {
    let (kind, text) = match path {
        "/assets/console.css" => ("text/css; charset=utf-8", CSS),
        "/assets/console.js" => ("text/javascript; charset=utf-8", SCRIPT),
        "/assets/icon.svg" => ("image/svg+xml", ICON),
        _ => return None,
    };
    Some(reply::asset(kind, text))
}
