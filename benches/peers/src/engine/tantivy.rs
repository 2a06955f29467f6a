//! Tantivy: an inverted index in memory with a German stemmer, BM25 over any of the question's
//! words; with and without stop words, and with a tolerance of one letter.

use anyhow::{Context, Result};
use tantivy::{
    Index, Searcher, TantivyDocument, Term,
    collector::TopDocs,
    columnar::Column,
    query::{BooleanQuery, BoostQuery, FuzzyTermQuery, Occur, Query, TermQuery},
    schema::{FAST, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions},
    tokenizer::{
        Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, StopWordFilter,
        TextAnalyzer, TokenStream,
    },
};

use super::{Engine, distinct_services};
use crate::texts::Text;

/// Memory for building; more than these texts need, so that they become one segment.
const BUILD_MEMORY: usize = 256 << 20;
/// A stem must be this long to be found with another letter: shorter ones are too alike.
const FUZZY_FROM: usize = 4;
/// What a stem with another letter counts. Tantivy gives every such match the score 1, whereas a
/// rare word that is spelt rightly has some 10.
const FUZZY_BOOST: f32 = 1.0;

/// Tantivy over all texts.
pub struct Tantivy {
    name: &'static str,
    fuzzy: bool,
    text: Field,
    analyzer: TextAnalyzer,
    searcher: Searcher,
    /// The service of each document, segment by segment.
    services: Vec<Column<u64>>,
}

impl Tantivy {
    /// Every word.
    pub fn stems(texts: &[Text]) -> Result<Self> {
        Self::new("Tantivy, German stems", texts, false, false)
    }

    /// Without the words of its own German list.
    pub fn without_stop_words(texts: &[Text]) -> Result<Self> {
        Self::new("Tantivy, German stems, no stop words", texts, true, false)
    }

    /// Without them, and also stems that differ in one letter.
    pub fn fuzzy(texts: &[Text]) -> Result<Self> {
        Self::new("Tantivy, German stems, no stop words, fuzzy 1", texts, true, true)
    }

    fn new(
        name: &'static str,
        texts: &[Text],
        without_stop_words: bool,
        fuzzy: bool,
    ) -> Result<Self> {
        const ANALYZER: &str = "german";
        let stop_words = StopWordFilter::new(Language::German).filter(|_| without_stop_words);
        let stop_words = stop_words.unwrap_or_else(|| StopWordFilter::remove([]));
        let analyzer = TextAnalyzer::builder(SimpleTokenizer::default())
            .filter(RemoveLongFilter::limit(60))
            .filter(LowerCaser)
            .filter(stop_words)
            .filter(Stemmer::new(Language::German))
            .build();
        let mut schema = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(ANALYZER)
            .set_index_option(IndexRecordOption::WithFreqs);
        let text =
            schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing));
        let service = schema.add_u64_field("service", FAST);
        let index = Index::create_in_ram(schema.build());
        index.tokenizers().register(ANALYZER, analyzer.clone());
        let mut writer = index.writer_with_num_threads::<TantivyDocument>(1, BUILD_MEMORY)?;
        for entry in texts {
            let mut document = TantivyDocument::new();
            document.add_text(text, &entry.text);
            document.add_u64(service, entry.service as u64);
            writer.add_document(document)?;
        }
        writer.commit()?;
        let searcher = index.reader()?.searcher();
        let services = searcher
            .segment_readers()
            .iter()
            .map(|segment| segment.fast_fields().u64("service"))
            .collect::<Result<_, _>>()?;
        Ok(Self { name, fuzzy, text, analyzer, searcher, services })
    }

    /// Any of the question's stems.
    fn query(&mut self, question: &str) -> BooleanQuery {
        let mut stems = Vec::new();
        let mut stream = self.analyzer.token_stream(question);
        while stream.advance() {
            stems.push(stream.token().text.clone());
        }
        stems.sort_unstable();
        stems.dedup();
        let mut any: Vec<(Occur, Box<dyn Query>)> = Vec::new();
        for stem in stems {
            let term = Term::from_field_text(self.text, &stem);
            if self.fuzzy && stem.chars().count() >= FUZZY_FROM {
                let near = Box::new(FuzzyTermQuery::new(term.clone(), 1, true));
                any.push((Occur::Should, Box::new(BoostQuery::new(near, FUZZY_BOOST))));
            }
            let exact = TermQuery::new(term, IndexRecordOption::WithFreqs);
            any.push((Occur::Should, Box::new(exact)));
        }
        BooleanQuery::new(any)
    }
}

impl Engine for Tantivy {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn search(&mut self, question: &str, k: usize) -> Result<Vec<usize>> {
        let query = self.query(question);
        distinct_services(k, |limit| {
            let found =
                self.searcher.search(&query, &TopDocs::with_limit(limit).order_by_score())?;
            let service = |at: tantivy::DocAddress| {
                let column = &self.services[at.segment_ord as usize];
                let service = column.first(at.doc_id).context("a document without a service")?;
                Ok(usize::try_from(service)?)
            };
            found.into_iter().map(|(_, at)| service(at)).collect()
        })
    }
}
