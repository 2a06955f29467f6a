//! XML in bounded memory: the objects of a message, one at a time.
//!
//! A message may come from anywhere, so nothing in it is trusted: no DTD and therefore no entities
//! but the five of XML and characters by number, no file or network is ever touched, and depth,
//! attributes and the size of each object have a limit. What only spoils one object (a foreign
//! entity, too much text) is noted with it, and the reading goes on; what spoils the file (not
//! well-formed, cut off, not UTF-8) ends it with the line.
//!
//! Names are local: in XZuFi the containers stand in a namespace, the children of a code
//! (`code`, `name`) often in none.

use std::{
    io::{self, BufRead, ErrorKind, Read},
    mem,
};

use quick_xml::{
    Error as XmlError, Reader, XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesDecl, BytesRef, BytesStart, Event},
};

use crate::import::record::ImportError;

/// How deep elements may be nested; XZuFi needs about ten levels.
const MAX_DEPTH: usize = 64;
/// How much text and attributes an object may hold, in bytes.
const MAX_TEXT: usize = 4 << 20;
/// How many elements an object may hold: an office of a whole Land names many thousand areas.
const MAX_ELEMENTS: usize = 500_000;
/// How many attributes an element may have.
const MAX_ATTRIBUTES: usize = 64;
/// How long one tag or one text between two tags may be, in bytes: it is held in memory before
/// [`MAX_TEXT`] can be checked.
const MAX_EVENT: usize = 16 << 20;

/// Elements of HTML that end a line, where markup stands unescaped in a text.
const BLOCKS: [&str; 16] = [
    "p", "br", "div", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table", "dt",
    "dd",
];

/// Local names and values.
type Attributes = Vec<(Box<str>, Box<str>)>;

/// An element with all it holds.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Its local name.
    pub(super) name: Box<str>,
    attributes: Attributes,
    content: Vec<Node>,
}

#[derive(Debug)]
enum Node {
    Text(Box<str>),
    Element(Element),
}

impl Element {
    /// The value of an attribute by its local name.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| &**key == name).map(|(_, value)| &**value)
    }

    /// The elements directly in this one.
    pub(super) fn elements(&self) -> impl Iterator<Item = &Self> {
        self.content.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The elements of this name directly in this one: none, one or many.
    pub(super) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Self> {
        self.elements().filter(move |element| &*element.name == name)
    }

    /// The first element of this name directly in this one.
    pub(super) fn first<'a>(&'a self, name: &str) -> Option<&'a Self> {
        self.all(name).next()
    }

    /// The first element of this name anywhere in this one, in the order of the file.
    pub(super) fn find(&self, name: &str) -> Option<&Self> {
        self.elements().find_map(|element| {
            if &*element.name == name { Some(element) } else { element.find(name) }
        })
    }

    /// All text in this element. Elements in it are taken for unescaped HTML: some end a line.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        self.add_text(&mut text);
        text.trim().to_owned()
    }

    fn add_text(&self, text: &mut String) {
        let mut after_element = false;
        for node in &self.content {
            match node {
                Node::Text(part) => text.push_str(part),
                Node::Element(element) => {
                    let ends_line = BLOCKS.contains(&&*element.name);
                    match (ends_line, after_element) {
                        (true, _) => text.push('\n'),
                        // The white space between two elements is not kept.
                        (false, true) => text.push(' '),
                        (false, false) => {}
                    }
                    element.add_text(text);
                    if ends_line {
                        text.push('\n');
                    }
                }
            }
            after_element = matches!(node, Node::Element(_));
        }
    }

    /// The value of a code: what its child `code` says, or else its own text; `None` if empty.
    pub(super) fn code(&self) -> Option<String> {
        Some(self.first("code").unwrap_or(self).text()).filter(|code| !code.is_empty())
    }

    /// Adds text, without the indentation between elements and without control characters.
    fn add(&mut self, text: String) {
        let indentation = text.chars().all(char::is_whitespace) && text.contains('\n');
        if text.is_empty() || indentation {
            return;
        }
        let clean = if text.chars().any(is_control) { text.replace(is_control, "") } else { text };
        self.content.push(Node::Text(clean.into()));
    }
}

fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}

/// What is to be done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// `schreibe`, or a result of an answer.
    Write,
    /// `loesche`.
    Delete,
}

/// An object of a message.
#[derive(Debug)]
pub(super) struct Item {
    /// What is to be done with it.
    pub(super) action: Action,
    /// The object (`leistung`), or the element `loesche`; `schreibe` itself if nothing is in it.
    pub(super) element: Element,
    /// The line it begins in.
    pub(super) line: u64,
    /// Why it cannot be used, in German; then the element is incomplete.
    pub(super) fault: Option<String>,
}

/// Reads the objects of one message.
pub(super) struct Objects<R> {
    xml: Reader<Meter<R>>,
    buffer: Vec<u8>,
    file: String,
    /// How many elements are open.
    depth: usize,
    /// The line the last event began in.
    line: u64,
    /// The namespace of the root, once that is read.
    root: Option<String>,
    /// The open `schreibe` or `antwort`.
    container: Option<Container>,
    /// Whether anything of XZuFi was found.
    found: bool,
    text: usize,
    elements: usize,
    fault: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Write { empty: bool },
    Answer,
}

enum Tag {
    Open(Element),
    Close,
    End,
}

impl<R: BufRead> Objects<R> {
    /// Reads `source`; `file` is what it is called in errors.
    pub(super) fn new(mut source: R, file: &str) -> Result<Self, ImportError> {
        let start = source.fill_buf().map_err(|error| io_error(file, error))?;
        if matches!(start, [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, b'<', ..] | [b'<', 0, ..]) {
            return Err(malformed(file, 1, "UTF-16 wird nicht gelesen, nur UTF-8"));
        }
        let mut xml = Reader::from_reader(Meter { source, line: 1, bytes: 0, left: MAX_EVENT });
        xml.config_mut().expand_empty_elements = true;
        Ok(Self {
            xml,
            buffer: Vec::new(),
            file: file.to_owned(),
            depth: 0,
            line: 1,
            root: None,
            container: None,
            found: false,
            text: 0,
            elements: 0,
            fault: None,
        })
    }

    /// How many bytes are read.
    pub(super) fn bytes(&self) -> u64 {
        self.xml.get_ref().bytes
    }

    /// The next object, or `None` at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Item>, ImportError> {
        loop {
            (self.text, self.elements, self.fault) = (0, 0, None);
            let element = match self.tag(None)? {
                Tag::End => return self.end().map(|()| None),
                Tag::Close => {
                    if let Some(Container::Write { empty: true }) = self.container.take() {
                        let element = Element { name: "schreibe".into(), ..Element::default() };
                        return Ok(Some(self.item(Action::Write, element)));
                    }
                    continue;
                }
                Tag::Open(element) => element,
            };
            match (self.depth, self.container, &*element.name) {
                (1, ..) => self.check_root()?,
                (2, _, "schreibe") => self.container = Some(Container::Write { empty: true }),
                (2, _, "antwort") => self.container = Some(Container::Answer),
                (2, _, "loesche") => return self.object(Action::Delete, element).map(Some),
                (3, Some(Container::Write { .. }), _) => {
                    self.container = Some(Container::Write { empty: false });
                    return self.object(Action::Write, element).map(Some);
                }
                (3, Some(Container::Answer), name) if name.starts_with("ergebnis") => {
                    return self.object(Action::Write, element).map(Some);
                }
                _ => {
                    self.subtree(element)?;
                }
            }
            self.found |= self.container.is_some();
        }
    }

    fn check_root(&self) -> Result<(), ImportError> {
        match self.root.as_deref().and_then(unknown_version) {
            None => Ok(()),
            Some(version) => {
                let reason = format!(
                    "XZuFi-Version »{version}« ist nicht bekannt (gelesen werden 2.1.0, 2.2.0 und 2.3.x)"
                );
                Err(malformed(&self.file, self.line, &reason))
            }
        }
    }

    /// Whether the end of the file may be here.
    fn end(&self) -> Result<(), ImportError> {
        match self.root.as_deref() {
            None => Err(malformed(&self.file, self.line, "kein XML: das Wurzelelement fehlt")),
            Some(root) if self.found || is_xzufi(root) => Ok(()),
            Some(_) => Err(malformed(&self.file, self.line, "keine XZuFi-Nachricht")),
        }
    }

    fn object(&mut self, action: Action, element: Element) -> Result<Item, ImportError> {
        self.found = true;
        let line = self.line;
        let element = self.subtree(element)?;
        Ok(Item { line, ..self.item(action, element) })
    }

    fn item(&mut self, action: Action, element: Element) -> Item {
        Item { action, element, line: self.line, fault: self.fault.take() }
    }

    /// The rest of an element whose start is read.
    fn subtree(&mut self, root: Element) -> Result<Element, ImportError> {
        let mut current = root;
        let mut open = Vec::new();
        loop {
            let mut text = String::new();
            let tag = self.tag(Some(&mut text))?;
            current.add(text);
            match tag {
                Tag::Open(child) => open.push(mem::replace(&mut current, child)),
                Tag::Close => {
                    let Some(parent) = open.pop() else { return Ok(current) };
                    let child = mem::replace(&mut current, parent);
                    if self.fault.is_none() {
                        current.content.push(Node::Element(child));
                    }
                }
                // An end inside an element is an error before it comes here.
                Tag::End => return Ok(current),
            }
        }
    }

    /// The next tag; the text before it is added to `text`, if given.
    fn tag(&mut self, mut text: Option<&mut String>) -> Result<Tag, ImportError> {
        loop {
            self.buffer.clear();
            self.line = self.xml.get_ref().line;
            self.xml.get_mut().left = MAX_EVENT;
            let fail = |reason: &str| Err(malformed(&self.file, self.line, reason));
            let event = match self.xml.read_event_into(&mut self.buffer) {
                Ok(event) => event,
                Err(error) => return Err(xml_error(&self.file, self.line, error)),
            };
            let part = match event {
                Event::Start(start) => {
                    self.depth += 1;
                    self.elements += 1;
                    if self.depth > MAX_DEPTH {
                        return fail(&format!("Elemente sind tiefer als {MAX_DEPTH} geschachtelt"));
                    }
                    if self.depth == 1 && self.root.replace(namespace(&start)).is_some() {
                        return fail("mehr als ein Wurzelelement");
                    }
                    if self.elements > MAX_ELEMENTS {
                        self.fault = Some(format!("mehr als {MAX_ELEMENTS} Elemente"));
                    }
                    let name = start.local_name().as_ref().into();
                    let attributes = attributes(&start).unwrap_or_else(|reason| {
                        self.fault = Some(reason);
                        Vec::new()
                    });
                    self.text += attributes.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>();
                    self.bound();
                    return Ok(Tag::Open(Element { name, attributes, content: Vec::new() }));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Tag::Close);
                }
                Event::Eof if self.depth > 0 => return fail("die Datei bricht mittendrin ab"),
                Event::Eof => return Ok(Tag::End),
                Event::DocType(_) => return fail("DTD nicht erlaubt"),
                Event::Decl(decl) => {
                    if let Some(encoding) = foreign_encoding(&decl) {
                        let reason =
                            format!("der Zeichensatz »{encoding}« wird nicht gelesen, nur UTF-8");
                        return fail(&reason);
                    }
                    continue;
                }
                Event::Text(part) => part.xml10_content(),
                Event::CData(part) => part.xml10_content(),
                Event::GeneralRef(reference) => match resolve(&reference) {
                    Some(part) => part.into(),
                    None => {
                        let name: String = reference.chars().take(40).collect();
                        self.fault = Some(format!("die Entität »&{name};« ist nicht erlaubt"));
                        continue;
                    }
                },
                Event::Empty(_) | Event::Comment(_) | Event::PI(_) => continue,
            };
            if self.depth == 0 {
                if part.chars().any(|c| !c.is_whitespace()) {
                    return fail("kein XML: Text außerhalb des Wurzelelements");
                }
            } else if let Some(text) = text.as_deref_mut().filter(|_| self.fault.is_none()) {
                self.text += part.len();
                text.push_str(&part);
                self.bound();
            }
        }
    }

    /// Notes if the object holds more than it may.
    fn bound(&mut self) {
        if self.text > MAX_TEXT {
            self.fault = Some(format!("mehr als {} MiB Text", MAX_TEXT >> 20));
        }
    }
}

/// The local names and values of the attributes, without declarations of namespaces.
fn attributes(start: &BytesStart<'_>) -> Result<Attributes, String> {
    let mut found = Vec::new();
    // Checks for duplicates would compare each with each.
    for (n, attribute) in start.attributes().with_checks(false).enumerate() {
        if n == MAX_ATTRIBUTES {
            return Err(format!("mehr als {MAX_ATTRIBUTES} Attribute an einem Element"));
        }
        let faulty = |_| format!("fehlerhaftes Attribut an »{}«", start.name().as_ref());
        let attribute = attribute.map_err(|error| faulty(XmlError::from(error)))?;
        let key = attribute.key;
        if key.as_namespace_binding().is_none() {
            let value = attribute
                .normalized_value_with(XmlVersion::Implicit1_0, 1, resolve_xml_entity)
                .map_err(faulty)?;
            found.push((key.local_name().as_ref().into(), value.into()));
        }
    }
    Ok(found)
}

/// The namespace of the root element itself; empty if it has none.
fn namespace(root: &BytesStart<'_>) -> String {
    let name = root.name();
    let declaration = match name.prefix() {
        Some(prefix) => format!("xmlns:{}", prefix.as_ref()),
        None => "xmlns".to_owned(),
    };
    root.attributes()
        .with_checks(false)
        .take(MAX_ATTRIBUTES)
        .filter_map(Result::ok)
        .find(|attribute| attribute.key.as_ref() == declaration)
        .map(|attribute| attribute.value.trim().to_owned())
        .unwrap_or_default()
}

fn is_xzufi(namespace: &str) -> bool {
    namespace.to_lowercase().contains("xzufi")
}

/// The version of a namespace of XZuFi (`http://xoev.de/schemata/xzufi/2_2_0`), if it is not known.
fn unknown_version(namespace: &str) -> Option<&str> {
    if !is_xzufi(namespace) {
        return None;
    }
    let version = namespace.trim_end_matches('/').rsplit('/').next().unwrap_or(namespace);
    let patch = version.strip_prefix("2_3_");
    let known = matches!(version, "2_1_0" | "2_2_0")
        || patch.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    (!known).then_some(version)
}

/// The declared encoding, if it is not a part of UTF-8.
fn foreign_encoding(decl: &BytesDecl<'_>) -> Option<String> {
    let encoding = decl.encoding()?.unwrap_or_default();
    let name = encoding.to_ascii_uppercase();
    let known = matches!(name.as_str(), "UTF-8" | "UTF8" | "US-ASCII" | "ASCII");
    (!known).then(|| encoding.chars().take(40).collect())
}

/// What a reference stands for, if it is allowed without DTD.
fn resolve(reference: &BytesRef<'_>) -> Option<String> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => Some(character.to_string()),
        Ok(None) => resolve_xml_entity(reference).map(str::to_owned),
        Err(_) => None,
    }
}

pub(super) fn io_error(file: &str, error: io::Error) -> ImportError {
    ImportError::Io { file: file.to_owned(), error }
}

fn malformed(file: &str, line: u64, reason: &str) -> ImportError {
    ImportError::Malformed { file: file.to_owned(), reason: format!("Zeile {line}: {reason}") }
}

fn xml_error(file: &str, line: u64, error: XmlError) -> ImportError {
    match error {
        XmlError::Io(error) if error.kind() == ErrorKind::FileTooLarge => {
            let reason =
                format!("ein Text oder eine Auszeichnung ist länger als {} MiB", MAX_EVENT >> 20);
            malformed(file, line, &reason)
        }
        XmlError::Io(error) => io_error(file, io::Error::new(error.kind(), error.to_string())),
        XmlError::Encoding(_) => malformed(file, line, "kein gültiges UTF-8"),
        error => {
            let error: String = error.to_string().chars().take(200).collect();
            malformed(file, line, &format!("kein wohlgeformtes XML ({error})"))
        }
    }
}

/// Counts lines and bytes, and ends an event that is too long: the parser itself would read it
/// into memory whatever its size.
struct Meter<R> {
    source: R,
    line: u64,
    bytes: u64,
    /// How many bytes the current event may still take.
    left: usize,
}

impl<R: BufRead> BufRead for Meter<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let buffer = self.source.fill_buf()?;
        if self.left == 0 && !buffer.is_empty() {
            return Err(ErrorKind::FileTooLarge.into());
        }
        Ok(&buffer[..buffer.len().min(self.left)])
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed was filled before, so that this reads nothing.
        if let Ok(buffer) = self.source.fill_buf() {
            let consumed = &buffer[..amount.min(buffer.len())];
            self.line += consumed.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
        self.bytes += amount as u64;
        self.left = self.left.saturating_sub(amount);
        self.source.consume(amount);
    }
}

impl<R: BufRead> Read for Meter<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let amount = self.fill_buf()?.read(target)?;
        self.consume(amount);
        Ok(amount)
    }
}
