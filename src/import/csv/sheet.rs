//! A table as rows of text, whatever it was saved as: CSV in UTF-8, UTF-16 or Windows-1252 with
//! semicolons, commas or tabs, an Excel workbook (`.xlsx`) or an OpenDocument sheet (`.ods`).
//!
//! What it was saved as is told from the content: the ending of a file's name is often wrong.

use std::{collections::BTreeMap, io::Cursor};

use calamine::{Data, Ods, Reader, Xlsx};

/// A cell in a workbook further to the right than this is a mistake, and would only cost memory.
const MAX_COLUMNS: u32 = 256;
/// More cells in a workbook are no table that a clerk filled in.
const MAX_CELLS: usize = 2_000_000;

/// What separates cells, the usual first.
const DELIMITERS: [u8; 4] = [b';', b',', b'\t', b'|'];

/// Windows-1252 from 0x80 to 0x9f; the rest of it is Latin-1 (WHATWG Encoding, index windows-1252).
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// A row that is not empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Counted from 1, as an editor or a spreadsheet shows it.
    pub line: u64,
    /// Its cells, as written.
    pub cells: Vec<String>,
    /// Why it cannot be trusted, in German.
    pub fault: Option<String>,
}

/// The rows of a file, the header first. Of a workbook, the first sheet that is not empty is read.
///
/// `is_name` tells the names of columns, by which the separator of cells is found out.
///
/// # Errors
/// If it is no table; in German.
pub fn rows(bytes: &[u8], is_name: impl Fn(&str) -> bool) -> Result<Vec<Row>, String> {
    if bytes.starts_with(b"PK\x03\x04") {
        workbook(bytes)
    } else if bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        Err("altes Excel-Format; bitte als .xlsx oder als CSV speichern".to_owned())
    } else {
        Ok(delimited(&decoded(bytes), is_name))
    }
}

/// Text in the encoding its first bytes tell, else UTF-8, else Windows-1252.
fn decoded(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    let windows_1252 = |&byte: &u8| match byte {
        0x80..=0x9f => WINDOWS_1252[usize::from(byte - 0x80)],
        _ => char::from(byte),
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(windows_1252).collect(),
        },
    }
}

/// The rows of a CSV text.
fn delimited(text: &str, is_name: impl Fn(&str) -> bool) -> Vec<Row> {
    // Excel's own way to name the separator.
    let told = text
        .get(..5)
        .map(str::as_bytes)
        .filter(|head| head[..4].eq_ignore_ascii_case(b"sep=") && DELIMITERS.contains(&head[4]));
    let body = if told.is_some() { &text[5..] } else { text };
    let delimiter = told.map_or_else(|| separator(body, is_name), |head| head[4]);
    let mut lines = Lines { text, read: text.len() - body.len(), line: 1 };
    let mut width = None;
    let mut rows = Vec::new();
    for record in reader(body, delimiter).records().map_while(Result::ok) {
        let start = record.position().map_or(0, |position| position.byte());
        let line = lines.line_of(text.len() - body.len() + usize::try_from(start).unwrap_or(0));
        let cells: Vec<String> = record.iter().map(str::to_owned).collect();
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let fault = fault(&cells, *width.get_or_insert(cells.len()), delimiter);
        rows.push(Row { line, cells, fault });
    }
    rows
}

fn reader(text: &str, delimiter: u8) -> ::csv::Reader<&[u8]> {
    ::csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
}

/// What separates the cells of the first row, so that most of them are names of columns.
fn separator(text: &str, is_name: impl Fn(&str) -> bool) -> u8 {
    let names = |delimiter: &u8| {
        let mut records = reader(text, *delimiter).into_records().map_while(Result::ok);
        let first = records.find(|cells| cells.iter().any(|cell| !cell.trim().is_empty()));
        first.map_or(0, |cells| cells.iter().filter(|cell| is_name(cell)).count())
    };
    // Of equals the last one wins.
    DELIMITERS.into_iter().rev().max_by_key(names).unwrap_or(DELIMITERS[0])
}

/// Why the cells of a row are not those that were written.
fn fault(cells: &[String], width: usize, delimiter: u8) -> Option<String> {
    let separators = |line: &str| line.bytes().filter(|byte| *byte == delimiter).count();
    // In a narrow table a line of a list may well look like a row.
    let swallows_rows = |cell: &String| {
        width > 3 && cell.contains('\n') && cell.lines().any(|line| separators(line) >= width - 1)
    };
    if cells.iter().any(swallows_rows) {
        return Some("es fehlt ein schließendes Anführungszeichen".to_owned());
    }
    let surplus = cells.get(width..).unwrap_or_default();
    if cells.len() < width || surplus.iter().any(|cell| !cell.trim().is_empty()) {
        let found = cells.len();
        return Some(format!(
            "{found} statt {width} Zellen; fehlt ein Trennzeichen oder stehen Anführungszeichen nicht um den ganzen Text?"
        ));
    }
    None
}

/// Counts lines up to an offset that only grows.
struct Lines<'t> {
    text: &'t str,
    read: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first thing written at or after an offset: empty lines count as passed.
    fn line_of(&mut self, offset: usize) -> u64 {
        let bytes = self.text.as_bytes();
        while self.read < bytes.len()
            && (self.read < offset || matches!(bytes[self.read], b'\n' | b'\r'))
        {
            let (here, next) = (bytes[self.read], bytes.get(self.read + 1));
            // A lone CR ends a line, too.
            self.line += u64::from(here == b'\n' || (here == b'\r' && next != Some(&b'\n')));
            self.read += 1;
        }
        self.line
    }
}

/// The rows of a workbook in one of the two formats.
fn workbook(bytes: &[u8]) -> Result<Vec<Row>, String> {
    if let Ok(book) = Xlsx::new(Cursor::new(bytes)) {
        return xlsx(book);
    }
    let book = Ods::new(Cursor::new(bytes)).map_err(|_| {
        "keine lesbare Tabelle (.xlsx oder .ods); ist sie verschlüsselt?".to_owned()
    })?;
    ods(book)
}

/// Cell by cell: as a whole, one lost cell in the last corner would cost gigabytes.
fn xlsx(mut book: Xlsx<Cursor<&[u8]>>) -> Result<Vec<Row>, String> {
    for name in book.sheet_names() {
        // A sheet that holds a chart has no cells.
        let Ok(mut cells) = book.worksheet_cells_reader(&name) else { continue };
        let mut table = Table::default();
        while let Some(cell) = cells.next_cell().map_err(|error| error.to_string())? {
            let (row, column) = cell.get_position();
            table.put(row, column, &Data::from(cell.get_value().clone()))?;
        }
        if !table.rows.is_empty() {
            return Ok(table.into_rows());
        }
    }
    Ok(Vec::new())
}

fn ods(mut book: Ods<Cursor<&[u8]>>) -> Result<Vec<Row>, String> {
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).map_err(|error| error.to_string())?;
        let (first_row, first_column) = range.start().unwrap_or_default();
        let mut table = Table::default();
        for (row, cells) in (first_row..).zip(range.rows()) {
            for (column, cell) in (first_column..).zip(cells) {
                table.put(row, column, cell)?;
            }
        }
        if !table.rows.is_empty() {
            return Ok(table.into_rows());
        }
    }
    Ok(Vec::new())
}

/// The cells of a sheet that are not empty, by row and column from 0.
#[derive(Default)]
struct Table {
    rows: BTreeMap<u32, BTreeMap<u32, String>>,
    cells: usize,
}

impl Table {
    fn put(&mut self, row: u32, column: u32, cell: &Data) -> Result<(), String> {
        let text = cell_text(cell);
        if text.trim().is_empty() {
            return Ok(());
        }
        self.cells += 1;
        if column >= MAX_COLUMNS || self.cells > MAX_CELLS {
            return Err(format!(
                "Zeile {}: mehr als {MAX_COLUMNS} Spalten oder {MAX_CELLS} Zellen",
                row.saturating_add(1)
            ));
        }
        self.rows.entry(row).or_default().insert(column, text);
        Ok(())
    }

    fn into_rows(self) -> Vec<Row> {
        let dense = |mut row: BTreeMap<u32, String>| {
            let width = row.last_key_value().map_or(0, |(last, _)| last + 1);
            (0..width).map(|column| row.remove(&column).unwrap_or_default()).collect()
        };
        let row = |(row, cells)| Row { line: u64::from(row) + 1, cells: dense(cells), fault: None };
        self.rows.into_iter().map(row).collect()
    }
}

/// What a clerk sees in a cell, as far as the file tells.
fn cell_text(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Int(number) => number.to_string(),
        // Whole numbers are keys and postcodes, others are amounts.
        Data::Float(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Data::Float(number) => number.to_string().replace('.', ","),
        Data::Bool(yes) => if *yes { "ja" } else { "nein" }.to_owned(),
        Data::DateTime(moment) => {
            let (year, month, day, hour, minute, ..) = moment.to_ymd_hms_milli();
            if moment.as_f64() < 1.0 {
                format!("{hour:02}:{minute:02}")
            } else {
                format!("{year:04}-{month:02}-{day:02}")
            }
        }
        Data::DateTimeIso(text) => text.split('T').next().unwrap_or_default().to_owned(),
        Data::DurationIso(text) => text.clone(),
        Data::Error(error) => error.to_string(),
    }
}
