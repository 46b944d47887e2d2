<resource schema="twomass" resdir="twomass">
	<!-- The survey's tables and services.

	The columns come from processing/schema/*.yaml while DaCHS reads this file (processing/publish/rd_columns.py).
	The rows are in PostgreSQL schemas of their own, one a release; the schema "published" holds views of the one that
	is current. "twomass publish" moves those views and everything below to another release in one transaction. -->

	<meta name="creationDate">2025-01-01T00:00:00Z</meta>
	<meta name="title">2MASS in a Box: Point Sources, Extended Sources and Images in J, H and Ks</meta>
	<meta name="description">
		A near-infrared sky survey in the manner of the Two Micron All Sky Survey: point sources with J (1.25 µm),
		H (1.65 µm) and Ks (2.16 µm) magnitudes, quality and confusion flags; extended sources, galaxies for the most part,
		with isophotal, total and aperture magnitudes and shapes; the scans they were observed in; and the Atlas Images
		they were extracted from. Columns have the names, units and meaning of the 2MASS All-Sky Release.
	</meta>
	<meta name="subject">near-infrared-astronomy</meta>
	<meta name="subject">infrared-astronomy</meta>
	<meta name="subject">infrared-photometry</meta>
	<meta name="subject">surveys</meta>
	<meta name="subject">catalogs</meta>
	<meta name="creator">2MASS in a Box</meta>
	<meta name="instrument">2MASS camera</meta>
	<meta name="facility">2MASS</meta>
	<meta name="source">2006AJ....131.1163S</meta>
	<meta name="contentLevel">Research</meta>
	<meta name="type">Survey</meta>
	<meta name="coverage.waveband">Infrared</meta>
	<meta name="schema-rank">10</meta>
	<meta name="_longdoc" format="rst">
		Ask the catalogs by position in the browser or by Simple Cone Search, the images by SIA (versions 1 and 2) and
		ObsTAP, and everything by ADQL at the TAP service of this site. In ADQL the column ``date`` is written with
		quotes, ``"date"``, because the word is reserved. A magnitude that was not measured is null, never zero.

		By datalink each source leads to the images that show it, to cutouts of them and to its scan, and each image to its
		pictures, its sources and the same field in the other bands; clients find the way in the tables they get. Images
		are cut out by SODA: give a CIRCLE, a POLYGON or a POS, and get the pixels of the image, as they are, with its
		coordinates. Each extended source has postage stamps in J, H and Ks and in colours, put together from several
		images where it lies across their edges.
	</meta>

	<!-- Where on the sky: from the release's coverage.fits, when it is published. -->
	<coverage>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import spectral_range
				yield {"joule": spectral_range()}
			</codeItems>
			<events>
				<spectral>\joule</spectral>
			</events>
		</LOOP>
	</coverage>

	<!-- A running server reads this file again when it has changed; if the package has changed, too (the digest beside
	it says so), then it shall be read again. Several threads may be reading this file: nothing is dropped in vain. -->
	<LOOP>
		<codeItems>
			import pathlib, sys
			import processing
			digest = (pathlib.Path(processing.__file__).parents[1] / "digest").read_text()
			if getattr(processing, "digest", digest) != digest:
				for module in [name for name in sys.modules if name.split(".")[0] == "processing"]:
					sys.modules.pop(module, None)
				import processing
			processing.digest = digest
			yield from ()
		</codeItems>
		<events/>
	</LOOP>

	<STREAM id="column">
		<doc>One column as processing.publish.rd_columns describes it.</doc>
		<column name="\name" type="\type" unit="\unit" ucd="\ucd" tablehead="\tablehead" description="\description"
			required="\required" verbLevel="\verbLevel"><values nullLiteral="\nullLiteral"/></column>
	</STREAM>

	<!-- ======================================================== tables -->

	<table id="scans" onDisk="True" adql="True" primary="scan_key">
		<meta name="table-rank">30</meta>
		<meta name="title">2MASS in a Box: Scans</meta>
		<meta name="shortName">2MASS box scans</meta>
		<publish/>
		<meta name="description">Scans: one row for each pass of the telescope along a tile, with its footprint, time,
			seeing, zero points and depth.</meta>
		<index columns="scan_key"/>
		<LOOP source="column">
			<codeItems>
				from processing.publish.rd_columns import columns
				yield from columns("scans")
			</codeItems>
		</LOOP>
		<viewStatement>CREATE VIEW \qName AS SELECT * FROM published.scans</viewStatement>
	</table>

	<table id="atlas" onDisk="True" adql="True" primary="atlas_key">
		<meta name="table-rank">20</meta>
		<meta name="title">2MASS in a Box: Atlas Images</meta>
		<meta name="shortName">2MASS box atlas</meta>
		<publish/>
		<meta name="description">Atlas Images: one row for each image (one band of one coadd), with its centre, corners,
			time, zero point, footprint and address. The same images are in ivoa.obscore.</meta>
		<meta name="_associatedDatalinkService">
			<meta name="serviceId">image_links</meta>
			<meta name="idColumn">obs_publisher_did</meta>
		</meta>
		<foreignKey inTable="scans" source="scan_key" metaOnly="True"/>
		<index columns="atlas_key"/>
		<index columns="coadd_key"/>
		<index columns="scan_key"/>
		<index columns="ra,dec" kind="q3c"/>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import image_terms
				yield image_terms()
			</codeItems>
			<events>
				<mixin
					dataproduct_type="'image'"
					calib_level="3"
					obs_collection="'2MASS in a Box Atlas Images'"
					obs_id="\obs_id"
					obs_publisher_did="obs_publisher_did"
					obs_title="\title"
					access_format="'image/fits'"
					access_estsize="(bytes + 1023) / 1024"
					s_ra="ra" s_dec="dec" s_fov="\s_fov" s_region="s_region"
					s_resolution="seeing" s_pixel_scale="pixel_scale" s_xel1="naxis1" s_xel2="naxis2"
					t_min="\t_min" t_max="\t_max" t_exptime="\t_exptime" t_xel="1"
					em_min="\em_min" em_max="\em_max" em_xel="1" em_ucd="'em.wl'"
					o_ucd="'phot.count'"
					facility_name="\facility" instrument_name="'2MASS camera'"
				>//obscore#publish</mixin>
			</events>
		</LOOP>
		<LOOP source="column">
			<codeItems>
				from processing.publish.rd_columns import columns
				yield from columns("atlas")
			</codeItems>
		</LOOP>
		<!-- Not in the release's table: what only a server can tell. -->
		<column name="s_region" type="spoly" unit="deg" ucd="pos.outline;obs.field" tablehead="footprint" verbLevel="15"
			description="Footprint of the image, ICRS: the polygon of its four corners"/>
		<column name="accref" type="text" ucd="meta.ref.url" tablehead="image" verbLevel="1"
			displayHint="type=product" description="Address at which the FITS file is to be had"/>
		<column name="obs_publisher_did" type="text" ucd="meta.ref.ivoid" tablehead="identifier" verbLevel="15"
			description="Identifier of the image in ivoa.obscore and in datalink: the ID to ask for cutouts and links"/>
		<viewStatement>CREATE VIEW \qName AS SELECT *, \sql_standardPubDID{file} AS obs_publisher_did
			FROM published.atlas</viewStatement>
	</table>

	<table id="psc" onDisk="True" adql="True" primary="pts_key">
		<meta name="table-rank">10</meta>
		<meta name="title">2MASS in a Box: Point Source Catalog</meta>
		<meta name="shortName">2MASS box psc</meta>
		<publish/>
		<meta name="description">Point sources: positions, J, H and Ks magnitudes with uncertainties, quality,
			contamination and confusion flags, one row for each source.</meta>
		<meta name="_associatedDatalinkService">
			<meta name="serviceId">source_links</meta>
			<meta name="idColumn">designation</meta>
		</meta>
		<foreignKey inTable="scans" source="scan_key" metaOnly="True"/>
		<foreignKey inTable="atlas" source="coadd_key" metaOnly="True"/>
		<index columns="ra,dec" kind="q3c"/>
		<index columns="pts_key"/>
		<index columns="scan_key"/>
		<index columns="coadd_key"/>
		<index columns="designation"/>
		<index columns="j_m"/>
		<index columns="h_m"/>
		<index columns="k_m"/>
		<stc>Position ICRS "ra" "dec"</stc>
		<LOOP source="column">
			<codeItems>
				from processing.publish.rd_columns import columns
				yield from columns("psc")
			</codeItems>
		</LOOP>
		<viewStatement>CREATE VIEW \qName AS SELECT * FROM published.psc</viewStatement>
	</table>

	<table id="xsc" onDisk="True" adql="True" primary="ext_key">
		<meta name="table-rank">15</meta>
		<meta name="title">2MASS in a Box: Extended Source Catalog</meta>
		<meta name="shortName">2MASS box xsc</meta>
		<publish/>
		<meta name="description">Extended sources, galaxies for the most part: positions, shapes, J, H and Ks magnitudes in
			isophotal, Kron, extrapolated and fixed apertures, scores of extendedness, quality and contamination flags, one row
			for each source. Empty for a release without extended sources.</meta>
		<meta name="_associatedDatalinkService">
			<meta name="serviceId">galaxy_links</meta>
			<meta name="idColumn">designation</meta>
		</meta>
		<foreignKey inTable="psc" source="pts_key" metaOnly="True"/>
		<foreignKey inTable="scans" source="scan_key" metaOnly="True"/>
		<foreignKey inTable="atlas" source="coadd_key" metaOnly="True"/>
		<index columns="ra,dec" kind="q3c"/>
		<index columns="ext_key"/>
		<index columns="pts_key"/>
		<index columns="scan_key"/>
		<index columns="coadd_key"/>
		<index columns="designation"/>
		<index columns="j_m_k20fe"/>
		<index columns="h_m_k20fe"/>
		<index columns="k_m_k20fe"/>
		<index columns="r_k20fe"/>
		<stc>Position ICRS "ra" "dec"</stc>
		<LOOP source="column">
			<codeItems>
				from processing.publish.rd_columns import columns
				yield from columns("xsc")
			</codeItems>
		</LOOP>
		<viewStatement>CREATE VIEW \qName AS SELECT * FROM published.xsc</viewStatement>
	</table>

	<table id="data" onDisk="True" adql="True">
		<meta name="table-rank">40</meta>
		<meta name="title">2MASS in a Box: Point Sources by the Names of II/246</meta>
		<meta name="shortName">2MASS box data</meta>
		<publish/>
		<meta name="description">The point sources under the column names of VizieR's II/246, which public tutorials and
			scripts use; every row of twomass.psc, a choice of its columns.</meta>
		<meta name="_associatedDatalinkService">
			<meta name="serviceId">source_links</meta>
			<meta name="idColumn">mainid</meta>
		</meta>
		<index columns="raj2000,dej2000" kind="q3c"/>
		<index columns="cntr"/>
		<index columns="mainid"/>
		<index columns="jmag"/>
		<index columns="hmag"/>
		<index columns="kmag"/>
		<stc>Position ICRS "raj2000" "dej2000"</stc>
		<LOOP source="column">
			<codeItems>
				from processing.publish.rd_columns import columns
				yield from columns("data")
			</codeItems>
		</LOOP>
		<viewStatement>CREATE VIEW \qName AS SELECT * FROM published.data</viewStatement>
	</table>

	<table id="level1" onDisk="True" adql="True" primary="level1_key">
		<meta name="table-rank">50</meta>
		<meta name="title">2MASS in a Box: Level 1 Requirements</meta>
		<meta name="shortName">2MASS box level1</meta>
		<publish/>
		<meta name="description">Level 1 requirements: what is asked of the survey and what this release reaches, one row for
			each requirement, band and source of the figure, with its error and the number of objects behind it. Empty for
			a release that was not validated.</meta>
		<index columns="level1_key"/>
		<LOOP source="column">
			<codeItems>
				from processing.publish.rd_columns import columns
				yield from columns("level1")
			</codeItems>
		</LOOP>
		<viewStatement>CREATE VIEW \qName AS SELECT * FROM published.level1</viewStatement>
	</table>

	<table id="images" onDisk="True">
		<meta name="description">The Atlas Images in the columns that SIA version 1 asks for.</meta>
		<meta name="_associatedDatalinkService">
			<meta name="serviceId">image_links</meta>
			<meta name="idColumn">obs_publisher_did</meta>
		</meta>
		<FEED source="//siap#SIAPbase"/>
		<column name="coverage" type="spoly" unit="deg" description="Field covered by the image"/>
		<column name="atlas_key" type="integer" required="True" ucd="meta.id;meta.main" verbLevel="15"
			description="Key of the image in twomass.atlas"/>
		<column name="obs_publisher_did" type="text" ucd="meta.ref.ivoid" tablehead="identifier" verbLevel="15"
			description="Identifier of the image in ivoa.obscore and in datalink: the ID to ask for cutouts and links"/>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import image_terms
				yield image_terms()
			</codeItems>
			<events>
				<viewStatement>
					CREATE VIEW \\qName AS SELECT
						accref, NULL::text AS owner, NULL::date AS embargo, 'image/fits'::text AS mime, bytes AS accsize,
						ra AS centeralpha, dec AS centerdelta, \title AS imagetitle, '2MASS camera'::text AS instid,
						mjd AS dateobs, 2 AS naxes, ARRAY[naxis1, naxis2] AS pixelsize,
						ARRAY[-pixel_scale / 3600, pixel_scale / 3600]::real[] AS pixelscale, 'ICRS'::text AS refframe,
						equinox::real AS wcs_equinox, projection AS wcs_projection, crpix::real[] AS wcs_refpixel,
						crval AS wcs_refvalues, cdmatrix::real[] AS wcs_cdmatrix,
						band AS bandpassid, 'm'::text AS bandpassunit, (\em_mid)::real AS bandpassrefval,
						(\em_max)::real AS bandpasshi, (\em_min)::real AS bandpasslo, 'F'::text AS pixflags,
						s_region AS coverage, atlas_key, \\sql_standardPubDID{file} AS obs_publisher_did
					FROM published.atlas JOIN published.wcs USING (file)
				</viewStatement>
			</events>
		</LOOP>
	</table>

	<data id="publish">
		<nullGrammar/>
		<sources/>
		<make table="scans"/>
		<make table="atlas"/>
		<make table="psc"/>
		<make table="xsc"/>
		<make table="data"/>
		<make table="level1"/>
		<make table="images"/>
	</data>

	<!-- ======================================================== services -->

	<service id="cone" allowed="scs.xml,form">
		<meta name="title">2MASS in a Box Point Sources</meta>
		<meta name="shortName">2MASS box cone</meta>
		<meta name="description">The point sources of a near-infrared sky survey by position: J, H and Ks magnitudes with
			uncertainties and flags. VERB=3 gives all columns.</meta>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import SOURCE, place_to_ask
				yield from place_to_ask(base.getTableConn, SOURCE)
			</codeItems>
			<events>
				<meta name="testQuery.ra">\ra</meta>
				<meta name="testQuery.dec">\dec</meta>
				<meta name="testQuery.sr">0.001</meta>
			</events>
		</LOOP>
		<publish render="scs.xml" sets="ivo_managed"/>
		<publish render="form" sets="ivo_managed,local"/>
		<scsCore queriedTable="psc">
			<FEED source="//scs#coreDescs"/>
			<condDesc buildFrom="j_m"/>
			<condDesc buildFrom="h_m"/>
			<condDesc buildFrom="k_m"/>
			<condDesc buildFrom="designation"/>
		</scsCore>
	</service>

	<service id="galaxies" allowed="scs.xml,form">
		<meta name="title">2MASS in a Box Extended Sources</meta>
		<meta name="shortName">2MASS box xcone</meta>
		<meta name="description">The extended sources of a near-infrared sky survey, galaxies for the most part, by position:
			shapes and J, H and Ks magnitudes. VERB=3 gives all columns.</meta>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import GALAXY, place_to_ask
				yield from place_to_ask(base.getTableConn, GALAXY)
			</codeItems>
			<events>
				<meta name="testQuery.ra">\ra</meta>
				<meta name="testQuery.dec">\dec</meta>
				<meta name="testQuery.sr">0.001</meta>
			</events>
		</LOOP>
		<publish render="scs.xml" sets="ivo_managed"/>
		<publish render="form" sets="ivo_managed,local"/>
		<scsCore queriedTable="xsc">
			<FEED source="//scs#coreDescs"/>
			<condDesc buildFrom="k_m_k20fe"/>
			<condDesc buildFrom="r_k20fe"/>
			<condDesc buildFrom="designation"/>
		</scsCore>
	</service>

	<STREAM id="imageTest">
		<doc>Where a published image is.</doc>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import IMAGE, place_to_ask
				yield from place_to_ask(base.getTableConn, IMAGE)
			</codeItems>
			<events>
				<meta name="testQuery.pos.ra">\ra</meta>
				<meta name="testQuery.pos.dec">\dec</meta>
				<meta name="testQuery.size.ra">0.01</meta>
				<meta name="testQuery.size.dec">0.01</meta>
			</events>
		</LOOP>
	</STREAM>

	<service id="sia" allowed="siap.xml,form">
		<meta name="title">2MASS in a Box Atlas Images</meta>
		<meta name="shortName">2MASS box SIA</meta>
		<meta name="description">The Atlas Images of a near-infrared sky survey in J, H and Ks by position: calibrated coadds
			of six 1.3 s frames, 1 arcsec a pixel, with previews.</meta>
		<meta name="sia.type">Atlas</meta>
		<FEED source="imageTest"/>
		<publish render="siap.xml" sets="ivo_managed"/>
		<publish render="form" sets="ivo_managed,local"/>
		<dbCore queriedTable="images">
			<condDesc original="//siap#humanInput"/>
			<!-- The parameters of SIA 1. The condition that comes with DaCHS knows FITS images by another media type
				than SIA 1 and ObsCore, and takes a missing FORMAT for GRAPHIC. -->
			<condDesc joiner="AND" combining="True">
				<LOOP listItems="POS SIZE INTERSECT FORMAT">
					<events>
						<inputKey original="//siap#base_\item" std="True"><property name="onlyForRenderer"
							>siap.xml</property></inputKey>
					</events>
				</LOOP>
				<phraseMaker>
					<setup imports="gavo.protocols.siap"/>
					<code>
						if not inPars.get("POS") or not inPars.get("SIZE"):
							raise base.ValidationError("POS=ra,dec and SIZE, both in degrees, are needed", "POS")
						yield siap.getQuery(None, inPars, outPars)
						wanted = inPars.get("FORMAT") or "ALL"
						if wanted not in ("ALL", "image/fits", "application/fits"):
							yield "mime=%%(%s)s"%base.getSQLKey("format", wanted, outPars)
					</code>
				</phraseMaker>
			</condDesc>
			<condDesc buildFrom="bandpassId"/>
			<condDesc buildFrom="dateObs"/>
		</dbCore>
		<outputTable>
			<!-- What a reader of the form wants to see, first. -->
			<LOOP listItems="accref imageTitle bandpassId dateObs accsize centerAlpha centerDelta">
				<events>
					<outputField original="\item"/>
				</events>
			</LOOP>
			<FEED source="//siap#SIAPbase">
				<PRUNE name="accref|imageTitle|bandpassId|dateObs|accsize|centerAlpha|centerDelta|owner|embargo"/>
			</FEED>
		</outputTable>
	</service>

	<service id="sia2" allowed="siap2.xml">
		<meta name="title">2MASS in a Box Atlas Images (SIA 2)</meta>
		<meta name="shortName">2MASS box SIA2</meta>
		<meta name="description">The Atlas Images of a near-infrared sky survey in J, H and Ks by position, band and time:
			calibrated coadds of six 1.3 s frames, 1 arcsec a pixel.</meta>
		<meta name="sia.type">Atlas</meta>
		<FEED source="imageTest"/>
		<publish render="siap2.xml" sets="ivo_managed"/>
		<dbCore queriedTable="//obscore#ObsCore">
			<FEED source="//siap2#parameters"/>
			<condDesc combining="True">
				<phraseMaker>
					<code>
						yield "source_table = 'twomass.atlas'"
					</code>
				</phraseMaker>
			</condDesc>
		</dbCore>
	</service>

	<service id="image_links" allowed="dlmeta,dlget">
		<meta name="title">2MASS in a Box Atlas Images: Links and Cutouts</meta>
		<meta name="shortName">2MASS box links</meta>
		<meta name="resType">dataService</meta>
		<meta name="description">What belongs to an Atlas Image: the file, its pictures, the same field in the other bands,
			the sources extracted from it, its scan; and cutouts of it.</meta>
		<publish render="dlmeta" sets="ivo_managed"/>
		<publish render="dlget" sets="ivo_managed"/>
		<datalinkCore>
			<descriptorGenerator procDef="//soda#fits_genDesc">
				<bind key="accrefPrefix">"atlas/"</bind>
			</descriptorGenerator>
			<metaMaker semantics="#this">
				<setup imports="processing.publish.links"/>
				<code>
					descriptor.suppressAutoLinks = True
					with base.getTableConn() as connection:
						for link in links.of_image(connection, descriptor.accref, base.makeAbsoluteURL):
							yield descriptor.makeLink(**link)
				</code>
			</metaMaker>
			<metaMaker>
				<code>
					yield MS(InputKey, name="POS", type="text", ucd="phys.angArea;obs", multiplicity="forced-single",
						description="The region to cut out: CIRCLE ra dec radius, RANGE ra1 ra2 dec1 dec2 or POLYGON"
							" ra1 dec1 ra2 dec2 ra3 dec3 ..., in degrees (ICRS)")
				</code>
			</metaMaker>
			<metaMaker procDef="//soda#fits_makeCIRCLEMeta"/>
			<metaMaker procDef="//soda#fits_makePOLYGONMeta"/>
			<!-- DaCHS's own cutouts give nothing where a region is within one pixel, take circles without a centre or
				with a negative radius for the whole image, and do not answer POST. -->
			<dataFunction>
				<setup imports="processing.publish.cutouts"/>
				<code>
					path = os.path.join(base.getConfig("inputsDir"), descriptor.accessPath)
					given = {name: args[name] for name in ("POS", "CIRCLE", "POLYGON") if args.get(name) is not None}
					if len(given) > 1:
						raise base.ValidationError("One region at a time, please", " and ".join(given))
					descriptor.data = None
					for name, region in given.items():
						try:
							text = region if name == "POS" else "%s %s"%(name, region.asSODA())
							descriptor.data = "image/fits", cutouts.cut(path, cutouts.parse(text))
						except ValueError as error:
							raise base.ValidationError(str(error), name)
						if descriptor.data[1] is None:
							raise soda.EmptyData()
					if not given:
						with open(path, "rb") as image:
							descriptor.data = "image/fits", image.read()
				</code>
			</dataFunction>
		</datalinkCore>
	</service>

	<service id="source_links" allowed="dlmeta">
		<meta name="title">2MASS in a Box Point Sources: Links</meta>
		<meta name="shortName">2MASS src links</meta>
		<meta name="resType">dataService</meta>
		<meta name="description">What belongs to a point source: its row, the images that show it, cutouts of them, its
			scan. The ID is its designation or its pts_key.</meta>
		<publish render="dlmeta" sets="ivo_managed"/>
		<datalinkCore>
			<descriptorGenerator>
				<setup imports="gavo.protocols.datalink, processing.publish.links">
					<code>
						class Source(datalink.DatalinkDescriptorMixin):
							suppressAutoLinks = True

							def __init__(self, pubDID, row):
								self.pubDID, self.row = pubDID, row
					</code>
				</setup>
				<code>
					with base.getTableConn() as connection:
						row = links.find_source(connection, pubDID)
					if row is None:
						return DatalinkFault.NotFoundFault(pubDID, "No source of the release has this designation or pts_key",
							semantics="#this")
					return Source(pubDID, row)
				</code>
			</descriptorGenerator>
			<metaMaker semantics="#this">
				<setup imports="processing.publish.links"/>
				<code>
					cutter = self.parent.parent.rd.getById("image_links")
					with base.getTableConn() as connection:
						images = links.images_of_source(connection, descriptor.row)
					for link in links.of_source(descriptor.row, images, cutter.getURL("dlget"), base.makeAbsoluteURL):
						yield descriptor.makeLink(**link)
				</code>
			</metaMaker>
			<!-- For those who want another size: the service that makes cutouts, image by image. -->
			<metaMaker semantics="#proc">
				<setup imports="gavo.protocols.datalink, processing.publish.links">
					<code>
						def parametersFor(image):
							keys = [
								MS(InputKey, name="ID", type="text", ucd="meta.id;meta.main", description="The image"),
								MS(InputKey, name="CIRCLE", type="double precision(3)", xtype="circle", unit="deg",
									ucd="phys.angArea;obs", description="Centre and radius of what to cut out"),
								MS(InputKey, name="POLYGON", type="double precision(*)", xtype="polygon", unit="deg",
									ucd="phys.angArea;obs", description="Corners of what to cut out")]
							keys[0].set(image["obs_publisher_did"])
							return keys
					</code>
				</setup>
				<code>
					cutter = self.parent.parent.rd.getById("image_links")
					with base.getTableConn() as connection:
						images = links.images_of_source(connection, descriptor.row)
					for image in images:
						if image["coadd_key"] == descriptor.row["coadd_key"]:
							link = ExternalProcLinkDef(descriptor.pubDID, parametersFor(image), cutter.getURL("dlget"),
								"Cutouts in " + image["band"], "Cutouts of any size from the %s image"%image["band"],
								"soda-" + image["band"], datalink.SYNC_STANDARD_ID)
							link.serviceDescriptor.name = "%s %s"%(descriptor.pubDID, image["band"])
							yield link
				</code>
			</metaMaker>
		</datalinkCore>
	</service>

	<service id="galaxy_links" allowed="dlmeta,dlget">
		<meta name="title">2MASS in a Box Extended Sources: Links and Stamps</meta>
		<meta name="shortName">2MASS gal links</meta>
		<meta name="resType">dataService</meta>
		<meta name="description">What belongs to an extended source: its row, postage stamps in J, H, Ks and in colours, the
			images that show it, its point source, its scan; and stamps of any size. The ID is its designation or its
			ext_key.</meta>
		<publish render="dlmeta" sets="ivo_managed"/>
		<publish render="dlget" sets="ivo_managed"/>
		<datalinkCore>
			<descriptorGenerator>
				<setup imports="gavo.protocols.datalink, processing.publish.galaxy_links">
					<code>
						class Galaxy(datalink.DatalinkDescriptorMixin):
							suppressAutoLinks = True

							def __init__(self, pubDID, row):
								self.pubDID, self.row = pubDID, row
					</code>
				</setup>
				<code>
					with base.getTableConn() as connection:
						row = galaxy_links.find_galaxy(connection, pubDID)
					if row is None:
						return DatalinkFault.NotFoundFault(pubDID, "No extended source of the release has this designation or"
							" ext_key", semantics="#this")
					return Galaxy(pubDID, row)
				</code>
			</descriptorGenerator>
			<metaMaker semantics="#this">
				<setup imports="processing.publish.galaxy_links"/>
				<code>
					maker = self.parent.parent.rd.getById("galaxy_links")
					with base.getTableConn() as connection:
						images = galaxy_links.images_of_galaxy(connection, descriptor.row)
					for link in galaxy_links.of_galaxy(descriptor.row, images, maker.getURL("dlget"), base.makeAbsoluteURL):
						yield descriptor.makeLink(**link)
				</code>
			</metaMaker>
			<metaMaker>
				<code>
					yield MS(InputKey, name="FILTER", type="text", ucd="instr.bandpass", multiplicity="forced-single",
						description="The band of the stamp, or colour for a picture in all of them",
						values=MS(Values, options=[MS(Option, content_=word) for word in ("J", "H", "Ks", "colour")]))
				</code>
			</metaMaker>
			<metaMaker>
				<code>
					yield MS(InputKey, name="POS", type="text", ucd="phys.angArea;obs", multiplicity="forced-single",
						description="The region to show instead of the source alone: CIRCLE ra dec radius, RANGE ra1 ra2 dec1"
							" dec2 or POLYGON ra1 dec1 ra2 dec2 ra3 dec3 ..., in degrees (ICRS)")
				</code>
			</metaMaker>
			<metaMaker>
				<code>
					yield MS(InputKey, name="CIRCLE", type="double precision(3)", xtype="circle", unit="deg",
						ucd="phys.angArea;obs", multiplicity="forced-single",
						description="Centre and radius of what to show instead of the source alone")
				</code>
			</metaMaker>
			<dataFunction>
				<setup imports="processing.publish.cutouts, processing.publish.galaxy_links, processing.publish.stamps"/>
				<code>
					given = {name: args[name] for name in ("POS", "CIRCLE") if args.get(name) is not None}
					if len(given) > 1:
						raise base.ValidationError("One region at a time, please", " and ".join(given))
					region = None
					with base.getTableConn() as connection:
						images = galaxy_links.images_of_galaxy(connection, descriptor.row)
					try:
						for name, text in given.items():
							region = cutouts.parse(text if name == "POS" else "%s %s"%(name, text.asSODA()))
						descriptor.data = stamps.product(descriptor.row, images, args.get("FILTER") or "Ks", region,
							base.getConfig("inputsDir"))
					except ValueError as error:
						raise base.ValidationError(str(error), " or ".join(given) or "FILTER")
					if descriptor.data[1] is None:
						raise soda.EmptyData()
				</code>
			</dataFunction>
		</datalinkCore>
	</service>

	<!-- ======================================================== tests -->

	<regSuite title="What is published is what the services give">
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import SOURCE, sample
				yield from sample(base.getTableConn, SOURCE)
			</codeItems>
			<events>
				<regTest title="A cone around a source gives that source">
					<url RA="\ra" DEC="\dec" SR="0.0002">cone/scs.xml</url>
					<code>
						rows = [row for row in self.getVOTableRows() if row["designation"] == "\designation"]
						self.assertEqual(len(rows), 1)
						self.assertAlmostEqual(float(rows[0]["ra"]), \ra, 9)
						self.assertEqual(str(rows[0]["k_m"] if rows[0]["k_m"] is None else round(rows[0]["k_m"], 4)),
							str(None if "\k_m" == "None" else round(float("\k_m".replace("None", "0")), 4)))
					</code>
				</regTest>
				<regTest title="The source is linked to its row and to its scan">
					<url ID="\designation">source_links/dlmeta</url>
					<code>
						rows = {row["semantics"]: row for row in self.getVOTableRows()}
						self.assertTrue("\designation" in rows["#this"]["description"])
						self.assertTrue("twomass.scans" in rows["#auxiliary"]["access_url"])
					</code>
				</regTest>
				<regTest title="TAP gives the same source under its key, and by its other names">
					<url parSet="TAP" QUERY="SELECT p.designation, d.mainid, d.raj2000 FROM twomass.psc AS p
						JOIN twomass.data AS d ON p.pts_key = d.cntr WHERE p.pts_key = \pts_key">/tap/sync</url>
					<code>
						row = self.getFirstVOTableRow()
						self.assertEqual((row["designation"], row["mainid"]), ("\designation", "\designation"))
						self.assertAlmostEqual(row["raj2000"], \ra, 9)
					</code>
				</regTest>
			</events>
		</LOOP>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import GALAXY, sample
				yield from sample(base.getTableConn, GALAXY)
			</codeItems>
			<events>
				<regTest title="A cone around an extended source gives that source">
					<url RA="\ra" DEC="\dec" SR="0.0002">galaxies/scs.xml</url>
					<code>
						rows = [row for row in self.getVOTableRows() if row["designation"] == "\designation"]
						self.assertEqual(len(rows), 1)
						self.assertEqual(rows[0]["ext_key"], \ext_key)
					</code>
				</regTest>
				<regTest title="The extended source is linked to its row and to its scan">
					<url ID="\designation">galaxy_links/dlmeta</url>
					<code>
						rows = {row["semantics"]: row for row in self.getVOTableRows()}
						self.assertTrue("\designation" in rows["#this"]["description"])
						self.assertTrue("twomass.xsc" in rows["#this"]["access_url"])
					</code>
				</regTest>
			</events>
		</LOOP>
		<LOOP>
			<codeItems>
				from processing.publish.rd_columns import IMAGE, sample
				yield from sample(base.getTableConn, IMAGE)
			</codeItems>
			<events>
				<regTest title="SIA 1 finds the image at its centre">
					<url POS="\ra,\dec" SIZE="0.001" INTERSECT="COVERS">sia/siap.xml</url>
					<code>
						files = [row["accref"] for row in self.getVOTableRows()]
						self.assertTrue(any(file.endswith("/\file") for file in files), files)
					</code>
				</regTest>
				<regTest title="SIA 2 finds the image at its centre, with its size">
					<url POS="CIRCLE \ra \dec 0.0005">sia2/siap2.xml</url>
					<code>
						row, = [row for row in self.getVOTableRows() if row["access_url"].endswith("/\file")]
						self.assertEqual(row["access_estsize"], -(-\bytes // 1024))
						self.assertEqual(row["access_format"], "image/fits")
					</code>
				</regTest>
				<regTest title="The image is linked to the sources extracted from it and to what cuts it">
					<url ID="\file">image_links/dlmeta</url>
					<code>
						rows = {row["semantics"]: row for row in self.getVOTableRows()}
						self.assertEqual(rows["#this"]["content_length"], \bytes)
						self.assertTrue({"#this", "#preview", "#derivation", "#proc"} &lt;= set(rows), rows)
					</code>
				</regTest>
				<regTest title="A cutout around the centre is a small FITS file">
					<url ID="\file" CIRCLE="\ra \dec 0.001">image_links/dlget</url>
					<code>
						self.assertHeader("content-type", "image/fits")
						self.assertTrue(self.data.startswith(b"SIMPLE"))
						self.assertTrue(\bytes > len(self.data))
					</code>
				</regTest>
				<regTest title="The file and its preview can be had">
					<url preview="True">/getproduct/\file</url>
					<code>
						self.assertHeader("content-type", "image/jpeg")
						self.assertTrue(self.data.startswith(bytes([255, 216])))
					</code>
				</regTest>
			</events>
		</LOOP>
	</regSuite>
</resource>
